import { Center, Loader } from "@mantine/core";

export function Loading({ label = "Loading" }: { label?: string }) {
  return (
    <Center py={60} role="status" aria-label={label}>
      <Loader size="sm" type="dots" />
    </Center>
  );
}

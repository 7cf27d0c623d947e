import { Center, Text } from "@mantine/core";

/** In the place of what a panel would show. */
export function NoData({ children = "No data" }: { children?: string }) {
  return (
    <Center h="100%">
      <Text c="dimmed" size="sm" ta="center">
        {children}
      </Text>
    </Center>
  );
}

import { Paper, SimpleGrid, Text } from "@mantine/core";
import { pageUrl, useLocation } from "../router";

/** One kind of cost in a few words. */
export interface Digest {
  /** The id of its table. */
  id: string;
  title: string;
  figure: string;
  /** What takes the most of it; null where nothing does. */
  most: string | null;
}

/** All costs in one look; each leads to its table. */
export function Summary({ digests }: { digests: readonly Digest[] }) {
  const { page, search } = useLocation();
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 3, lg: 5 }} spacing="sm" mb="md">
      {digests.map((digest) => (
        <Paper key={digest.id} withBorder bg="var(--nx-surface)" px="md" py="sm">
          <a href={`${pageUrl(page, search)}#${digest.id}`}>{digest.title}</a>
          <Text fz={22} fw={600} lh={1.3}>
            {digest.figure}
          </Text>
          <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
            {digest.most ?? "–"}
          </Text>
        </Paper>
      ))}
    </SimpleGrid>
  );
}

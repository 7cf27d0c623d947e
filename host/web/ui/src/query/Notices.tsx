import { Alert, List } from "@mantine/core";

/** What the host wants to be known about an answer, and what this page left out of it. */
export function Notices({ warnings, infos }: { warnings: readonly string[]; infos: readonly string[] }) {
  return (
    <>
      <Notice color="yellow" title={warnings.length === 1 ? "Warning" : "Warnings"} texts={warnings} />
      <Notice color="blue" title="Note" texts={infos} />
    </>
  );
}

function Notice({ color, title, texts }: { color: string; title: string; texts: readonly string[] }) {
  if (texts.length === 0) return null;
  return (
    <Alert color={color} title={title} mx="md" my="sm" py="xs">
      {texts.length === 1 ? (
        texts[0]
      ) : (
        <List size="sm">
          {texts.map((text, index) => (
            <List.Item key={index}>{text}</List.Item>
          ))}
        </List>
      )}
    </Alert>
  );
}

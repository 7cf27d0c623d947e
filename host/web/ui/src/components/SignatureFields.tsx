import { Autocomplete, SimpleGrid, TextInput } from "@mantine/core";
import { useState } from "react";
import { recentComments } from "../state/signature";

interface Props {
  author: string;
  onAuthor: (author: string) => void;
  authorError?: string | undefined;
  comment: string;
  onComment: (comment: string) => void;
  commentError?: string | undefined;
}

/** Who says so, and why. Comments of before are offered again. */
export function SignatureFields(props: Props) {
  const [recent] = useState(recentComments);
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="md">
      <TextInput
        label="Your name"
        autoComplete="username"
        value={props.author}
        error={props.authorError}
        onChange={(event) => props.onAuthor(event.currentTarget.value)}
      />
      <Autocomplete
        label="Comment"
        placeholder="Why, and what is done about it"
        data={recent}
        value={props.comment}
        error={props.commentError}
        onChange={props.onComment}
      />
    </SimpleGrid>
  );
}

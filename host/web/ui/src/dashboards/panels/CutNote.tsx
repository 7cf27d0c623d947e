import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./CutNote.module.css";
import { cutText, type Cut } from "./cut";

/** Says what is left out. */
export function CutNote({ cut }: { cut: Cut }) {
  const text = cutText(cut);
  if (text === null) return null;
  return (
    <Text size="xs" c="dimmed" className={classes.note ?? ""}>
      {text}
    </Text>
  );
}

/** What is shown, and below it what is left out. */
export function CutFrame({ cut, children }: { cut: Cut; children: ReactNode }) {
  if (cut.shown >= cut.all) return children;
  return (
    <div className={classes.frame}>
      <div className={classes.shown}>{children}</div>
      <CutNote cut={cut} />
    </div>
  );
}

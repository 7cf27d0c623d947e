import { useElementSize } from "@mantine/hooks";
import type { RefCallback } from "react";

/** The size of an element in pixels; zero until it is known. */
export function useSize(): [RefCallback<HTMLDivElement>, { width: number; height: number }] {
  const { ref, width, height } = useElementSize<HTMLDivElement>();
  return [ref, { width, height }];
}

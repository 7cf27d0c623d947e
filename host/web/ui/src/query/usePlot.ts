/** A uPlot chart in an element: made anew when what it shows changes, resized with the element. */
import { useEffect, useRef, type RefObject } from "react";
import uPlot from "uplot";

export const PLOT_HEIGHT = 380;

type Make = (size: { width: number; height: number }) => { options: uPlot.Options; data: uPlot.AlignedData };

/** `make` must be stable as long as the chart is to stay. */
export function usePlot(make: Make): [container: RefObject<HTMLDivElement | null>, chart: RefObject<uPlot | null>] {
  const container = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);

  useEffect(() => {
    const element = container.current;
    if (!element) return;
    const { options, data } = make({ width: element.clientWidth, height: PLOT_HEIGHT });
    const made = new uPlot(options, data, element);
    chart.current = made;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height: PLOT_HEIGHT });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.current = null;
      made.destroy();
    };
  }, [make]);

  return [container, chart];
}

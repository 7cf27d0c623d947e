import type { Series } from "../data/series";

interface Props {
  series: Series;
  className: string;
  color: string;
  fill: string;
}

/** The way of a value, without any scale. */
export function Sparkline({ series, className, color, fill }: Props) {
  const path = sparkPath(series);
  if (path === "") return null;
  return (
    <svg className={className} viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      <path d={`${path} L100 100 L0 100 Z`} fill={fill} />
      <path d={path} fill="none" stroke={color} strokeWidth="1.2" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

function sparkPath({ times, values }: Series): string {
  const points = values.flatMap((value, index) =>
    value !== null && Number.isFinite(value) ? [[times[index] ?? 0, value] as const] : [],
  );
  const [first, last] = [points[0], points.at(-1)];
  // Rows of a table may all be of one moment.
  if (!first || !last || last[0] <= first[0]) return "";
  const numbers = points.map(([, value]) => value);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return points
    .map(([time, value], index) => {
      const x = ((time - first[0]) / (last[0] - first[0])) * 100;
      const y = high === low ? 50 : 96 - ((value - low) / (high - low)) * 92;
      return `${index === 0 ? "M" : "L"}${x.toFixed(2)} ${y.toFixed(2)}`;
    })
    .join(" ");
}

import type { Labels } from "../api";
import classes from "./Annotations.module.css";

/** Annotations as lines; addresses become links. */
export function Annotations({ annotations }: { annotations: Labels }) {
  const entries = Object.entries(annotations);
  if (entries.length === 0) return null;
  return (
    <dl className={classes.annotations}>
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {/^https?:\/\//.test(value) ? (
              <a href={value} target="_blank" rel="noreferrer">
                {value}
              </a>
            ) : (
              value
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

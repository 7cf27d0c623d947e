import classes from "../components/LabelSet.module.css";
import { formatMatcher, type Matcher } from "./matcher";

/** Matchers as small tags. */
export function MatcherSet({ matchers }: { matchers: readonly Matcher[] }) {
  return <MatcherTexts texts={matchers.map(formatMatcher)} />;
}

/** The same, of matchers that are written already. */
export function MatcherTexts({ texts }: { texts: readonly string[] }) {
  return (
    <span className={classes.set}>
      {texts.map((text) => (
        <span key={text} className={classes.label}>
          {text}
        </span>
      ))}
    </span>
  );
}

import { Combobox, Pill, PillsInput, useCombobox } from "@mantine/core";
import { useState, type KeyboardEvent } from "react";
import type { Labels } from "../api";
import { formatMatcher, labelsOf, parseMatchers, suggestMatchers, withMatcher, type Matcher } from "./matcher";
import classes from "./MatcherInput.module.css";

interface Props {
  label: string;
  description?: string;
  matchers: readonly Matcher[];
  onChange: (matchers: Matcher[]) => void;
  /** Label sets whose names and values are offered. */
  known: readonly Labels[];
  /** Labels are asked for: equalities of different names alone. */
  onlyLabels?: boolean;
  /** Why what stands there cannot be taken. */
  error?: string | undefined;
  placeholder: string;
}

/**
 * Matchers as pills, with one that is being typed. Enter takes it, Backspace in an empty field takes the
 * last one back into it; many can be pasted at once.
 */
export function MatcherInput(props: Props) {
  const { matchers, onChange, onlyLabels = false } = props;
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string>();
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const suggestions = suggestMatchers(text, props.known).filter((each) => !onlyLabels || isLabel(each));
  const error = problem ?? props.error;

  function write(next: string) {
    setText(next);
    setProblem(undefined);
    combobox.openDropdown();
    combobox.resetSelectedOption();
  }

  function take(typed: string) {
    if (typed.trim() === "") return;
    const added = parseMatchers(typed);
    if (!added) {
      setProblem(onlyLabels ? 'Write labels as name="value".' : 'Write matchers as name="value"; !=, =~ and !~ are there too.');
      return;
    }
    const next = added.reduce<Matcher[]>(withMatcher, [...matchers]);
    if (onlyLabels && !labelsOf(next)) {
      setProblem('Each label has one value, as name="value".');
      return;
    }
    onChange(next);
    setText("");
    setProblem(undefined);
    combobox.closeDropdown();
  }

  /** The name of a label is only begun with; a value is all that was missing. */
  function choose(suggestion: string) {
    if (suggestion.endsWith("=")) write(suggestion);
    else take(suggestion);
  }

  function onKeyDown(event: KeyboardEvent<HTMLInputElement>) {
    if (event.key === "Enter" && text !== "") {
      event.preventDefault();
      // The list takes the key where one of its lines is chosen.
      if (!combobox.dropdownOpened || combobox.getSelectedOptionIndex() === -1) take(text);
    }
    const last = matchers.at(-1);
    if (event.key === "Backspace" && text === "" && last) {
      event.preventDefault();
      onChange(matchers.slice(0, -1));
      write(formatMatcher(last));
    }
  }

  return (
    <Combobox store={combobox} onOptionSubmit={choose} shadow="md">
      <Combobox.DropdownTarget>
        <PillsInput
          size="sm"
          label={props.label}
          description={props.description}
          error={error}
          classNames={{ input: classes.input ?? "" }}
        >
          <Pill.Group>
            {matchers.map((matcher) => (
              <Pill
                key={formatMatcher(matcher)}
                className={classes.pill}
                withRemoveButton
                removeButtonProps={{
                  "aria-label": `Remove ${formatMatcher(matcher)}`,
                  "aria-hidden": false,
                  tabIndex: 0,
                }}
                onRemove={() => onChange(matchers.filter((each) => each !== matcher))}
              >
                {formatMatcher(matcher)}
              </Pill>
            ))}
            <Combobox.EventsTarget>
              <PillsInput.Field
                className={classes.field}
                aria-label={props.label}
                aria-invalid={error !== undefined}
                autoComplete="off"
                spellCheck={false}
                placeholder={matchers.length === 0 ? props.placeholder : ""}
                value={text}
                onChange={(event) => write(event.currentTarget.value)}
                onFocus={() => combobox.openDropdown()}
                onBlur={() => {
                  combobox.closeDropdown();
                  take(text);
                }}
                onKeyDown={onKeyDown}
              />
            </Combobox.EventsTarget>
          </Pill.Group>
        </PillsInput>
      </Combobox.DropdownTarget>
      <Combobox.Dropdown hidden={suggestions.length === 0}>
        <Combobox.Options mah={260} className={classes.options} aria-label="Suggestions">
          {suggestions.map((suggestion) => (
            <Combobox.Option key={suggestion} value={suggestion} className={classes.option}>
              {suggestion}
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

function isLabel(text: string): boolean {
  return labelsOf(parseMatchers(text) ?? []) !== null;
}

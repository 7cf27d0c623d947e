import { Button, Group, Popover, Switch, Text } from "@mantine/core";
import { count } from "../../format/value";
import { eventColor } from "../chart/annotationMarks";
import { spanText, type AnnotationEvent } from "../data/annotations";
import type { Annotation } from "../model";
import type { DisplayContext } from "../values/display";
import classes from "./AnnotationBar.module.css";

interface Props {
  annotations: readonly Annotation[];
  /** The names of those that are drawn. */
  on: ReadonlySet<string>;
  onSwitch: (name: string) => void;
  events: readonly AnnotationEvent[];
  display: DisplayContext;
}

/** Which annotations are drawn over the graphs, and what they are as a list. */
export function AnnotationBar({ annotations, on, onSwitch, events, display }: Props) {
  const switchable = annotations.filter((each) => !each.isHidden);
  if (switchable.length === 0 && events.length === 0) return null;
  return (
    <Group gap="md" mb="sm" role="group" aria-label="Annotations">
      {switchable.map(({ name }) => (
        <Switch key={name} size="xs" label={name} checked={on.has(name)} onChange={() => onSwitch(name)} />
      ))}
      {events.length > 0 && (
        <Popover position="bottom-start" shadow="md" withinPortal width={380}>
          <Popover.Target>
            <Button variant="default" size="compact-xs">
              {count(events.length, "event", "events")}
            </Button>
          </Popover.Target>
          <Popover.Dropdown p={0}>
            <EventList events={events} display={display} />
          </Popover.Dropdown>
        </Popover>
      )}
    </Group>
  );
}

/** The newest first: the last one is what people look for. */
function EventList({ events, display }: Pick<Props, "events" | "display">) {
  const newest = [...events].sort((a, b) => b.startMs - a.startMs);
  return (
    <ul className={classes.list} tabIndex={0} aria-label="Events">
      {newest.map((event, index) => (
        <li key={index} style={{ borderColor: eventColor(event, display.scheme) }}>
          <Text size="xs" fw={600}>
            {event.title}
          </Text>
          <Text size="xs" c="dimmed">
            {spanText(event, display.zone)}
          </Text>
          {event.text !== "" && (
            <Text size="xs" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
              {event.text}
            </Text>
          )}
          {event.tags.length > 0 && (
            <Text size="xs" c="dimmed">
              {event.tags.join(", ")}
            </Text>
          )}
        </li>
      ))}
    </ul>
  );
}

import { Autocomplete, Button, Chip, Group, Input, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { WEEKDAYS, type IntervalDraft, type IntervalProblems } from "./interval";
import classes from "./IntervalFields.module.css";

interface Props {
  /** Which of the intervals it is, from 1. */
  number: number;
  draft: IntervalDraft;
  problems: IntervalProblems | null;
  onChange: (draft: IntervalDraft) => void;
  onRemove: () => void;
}

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
const ZONES_AT_ONCE = 30;

/** The hours and days in which a silence holds. All fields that are filled have to fit. */
export function IntervalFields({ number, draft, problems, onChange, onRemove }: Props) {
  const set = (fields: Partial<IntervalDraft>) => onChange({ ...draft, ...fields });
  return (
    <Stack component="fieldset" gap="sm" className={classes.fields}>
      <legend>Times {number}</legend>
      <Input.Wrapper label="Weekdays" labelElement="div" description="None chosen: on all of them">
        <Chip.Group multiple value={draft.weekdays} onChange={(weekdays) => set({ weekdays })}>
          <Group gap={6} mt={6} role="group" aria-label={`Weekdays of times ${number}`}>
            {WEEKDAYS.map((day) => (
              <Chip key={day} value={day} size="xs" variant="outline">
                {day}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
      </Input.Wrapper>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="md">
        <TextInput
          label="Hours"
          placeholder="02:00-04:00, 22:00-24:00"
          value={draft.times}
          error={problems?.times}
          onChange={(event) => set({ times: event.currentTarget.value })}
        />
        <Autocomplete
          label="Time zone"
          placeholder="UTC"
          data={ZONES}
          limit={ZONES_AT_ONCE}
          value={draft.location}
          onChange={(location) => set({ location })}
        />
        <TextInput
          label="Days of the month"
          placeholder="1:7, -1"
          value={draft.daysOfMonth}
          error={problems?.daysOfMonth}
          onChange={(event) => set({ daysOfMonth: event.currentTarget.value })}
        />
        <TextInput
          label="Months"
          placeholder="january:march, december"
          value={draft.months}
          error={problems?.months}
          onChange={(event) => set({ months: event.currentTarget.value })}
        />
        <TextInput
          label="Years"
          placeholder="2026:2028"
          value={draft.years}
          error={problems?.years}
          onChange={(event) => set({ years: event.currentTarget.value })}
        />
      </SimpleGrid>
      <Group>
        <Button size="compact-xs" variant="default" onClick={onRemove}>
          Remove times {number}
        </Button>
      </Group>
    </Stack>
  );
}

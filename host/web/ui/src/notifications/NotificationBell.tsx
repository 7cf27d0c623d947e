import { Button, Popover, Stack, Text } from "@mantine/core";
import { Bell } from "../components/icons";
import { RelativeTime } from "../components/Time";
import { parseInstant } from "../format/time";
import { count } from "../format/value";
import classes from "./NotificationBell.module.css";
import { useNotifications } from "./useNotifications";

/** What the host wants its operator to know, behind a bell with their number. */
export function NotificationBell() {
  const notifications = useNotifications();
  if (notifications === null) return null;
  const amount = notifications.length;
  return (
    <Popover position="bottom-end" shadow="md" width={360} trapFocus returnFocus>
      <Popover.Target>
        <Button
          variant="default"
          size="xs"
          px={9}
          aria-label={amount === 0 ? "Notifications: none" : count(amount, "notification", "notifications")}
        >
          <Bell />
          {amount > 0 && <span className={classes.amount}>{amount}</span>}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        {amount === 0 ? (
          <Text size="sm" c="dimmed" tabIndex={-1} data-autofocus>
            Nothing needs your attention here.
          </Text>
        ) : (
          <Stack gap="sm" tabIndex={-1} data-autofocus style={{ outline: "none" }}>
            {notifications.map(({ text, date }) => (
              <div key={text}>
                <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                  {text}
                </Text>
                <Text size="xs" c="dimmed">
                  <RelativeTime at={parseInstant(date)} never="now" />
                </Text>
              </div>
            ))}
          </Stack>
        )}
      </Popover.Dropdown>
      <span role="status" className="nx-hidden">
        {notifications[0]?.text}
      </span>
    </Popover>
  );
}

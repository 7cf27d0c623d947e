//! Recording and alerting rules on a schedule.

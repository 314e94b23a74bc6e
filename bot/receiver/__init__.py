"""From Telegram's updates to jobs on the disk, and what is said at once."""

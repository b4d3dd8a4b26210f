"""What every connector must keep, whoever wrote it. See docs/how-to/add-a-platform.md."""

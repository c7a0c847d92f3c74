"""Pictures of what was measured, as PNG files; they need matplotlib (extra `viz`)."""

"""Gates and tournaments as rows."""

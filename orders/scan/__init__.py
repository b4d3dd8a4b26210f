"""The warehouse's page: `/scan/`. A door that decides nothing: it shows what `POST /api/v1/scans/` answers."""

"""From a file to a folder: one run, a run made longer, a report on the laws."""

"""What tests of several folders share: configurations, calls of the command line, sweeps, comparisons. No test is here."""

"""The parts of a Hypothesis state machine."""

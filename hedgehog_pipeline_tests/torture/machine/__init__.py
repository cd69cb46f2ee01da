"""A Hypothesis state machine: the parts that it is made of."""

"""Tuning: which representation of a model, and which setup, is fastest on this CPU and no worse.

candidates   the representations that fit memory and disk
probe        how fast a setup prefills and decodes; a process of its own
score        what a representation does to the model's predictions; a process of its own
verdict      from figures to a choice: statistics, no measuring
tune         the procedure: what is measured in which order, within a budget of time
kept         the figures and the choice, kept in the data dir for every later start
"""

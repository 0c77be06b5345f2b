"""Tuning: find the representation and the setup of a model that are fastest on this CPU, without a loss of quality.

task             the model to tune, the work to tune it for, and the limits
tune             the procedure: the order of the measurements, and the choice
measuring        one tuning under way: its time budget, files and figures
subprocess_run   runs a measuring program in a process of its own
probe            a measuring program: how fast a setup prefills and decodes
score            a measuring program: how a representation changes the model's predictions
verdict          the statistics behind the choice
tuning_file      the figures and the choice, stored in the data dir for every later start
"""

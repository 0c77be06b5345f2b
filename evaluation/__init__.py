"""How good summaries are: `gistream eval`.

evaluate.py    all of it, in order
asked.py       what is compared: models, prompts, settings
stories.py     texts with the summaries that people wrote of them
entries.py     what an interrupted evaluation has made
making.py      the summaries of one system
baselines.py   extracts of the same length, for comparison
rouge.py       what a summary and a reference have in common
bootstrap.py   whether a difference is more than chance
results.py     the figures, as JSON
report.py      the figures, as a table
"""

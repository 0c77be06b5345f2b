"""How good summaries are: `gistream eval`.

evaluate.py    the whole evaluation, step by step
contenders.py  the systems: every combination of models, prompts and settings
stories.py     texts with the summaries that people wrote of them
summaries.py   the summaries of one system, and the journal that keeps them
baselines.py   extracts of the same length, for comparison
rouge.py       the words that a summary and a reference have in common
bootstrap.py   whether a difference is more than chance
results.py     the figures, as JSON
report.py      the figures, as a table

People judge, too:

sheet.py           the page on which they do, in page/
blinding.py        which system wrote what, hidden from them
ratings.py         the files that the page saves
rating_results.py  the figures, as JSON
rating_report.py   the figures, as a table
"""

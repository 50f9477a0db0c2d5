"""What the pages are made of: notebooks, ledger, predictions, questions, figures, the site."""

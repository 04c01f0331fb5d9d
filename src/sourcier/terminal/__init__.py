"""How answers of the API look to a person: tables, amounts, dates, refusals. Shared by the commands and the demo."""

"""What a face swap keeps of a person, by an embedding that is trained here on other persons.

Open `transfer` first: the figures; `persons` chooses whose faces serve what.
"""

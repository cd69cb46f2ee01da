"""The warehouse told in five questions, each with a picture, in one page that needs no network."""

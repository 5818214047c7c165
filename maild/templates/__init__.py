"""What we write: one folder a language, one Markdown file a notification, one layout for all.

facts ──▶ NAME.md ──▶ text part                      (the words as they are)
             └──────▶ Markdown ──▶ layout.html ──▶ HTML part   (every fact escaped, inert)
"""

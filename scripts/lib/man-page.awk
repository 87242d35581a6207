# From the help of a command to the body of a manual page (man(7)). Variables: `heading` is the macro of its sections, .SH or .SS.

function text(line) {
    gsub(/\\/, "\\e", line)
    gsub(/-/, "\\-", line)
    return line ~ /^[.']/ ? "\\&" line : line
}

function section(name) {
    print heading " " (heading == ".SH" ? toupper(name) : name)
}

# What stands before the usage describes, too.
/^Usage: / {
    section("Synopsis")
    print ".B " text(substr($0, 8))
    section("Description")
    printf "%s", lead
    begun = 1
    next
}

!begun {
    lead = lead text($0) "\n"
    next
}

/^Exit codes: / {
    print ".SH EXIT STATUS"
    print text(substr($0, 13))
    next
}

/^[A-Z][A-Za-z ]*:$/ {
    section(substr($0, 1, length($0) - 1))
    next
}

# A term in two columns' distance, with its meaning behind two blanks or more, or on the next line.
/^  [^ ]/ {
    line = substr($0, 3)
    at = match(line, /  +/)
    # A term that fills its column has one blank behind it.
    if (!at && match(line, /^--[^ ]+ [a-z]/)) at = index(line, " ")
    print ".TP"
    print ".B " text(at ? substr(line, 1, at - 1) : line)
    if (at) {
        sub(/^ +/, "", line)
        rest = substr(line, at)
        sub(/^ +/, "", rest)
        print text(rest)
    }
    next
}

/^ *$/ {
    print ".PP"
    next
}

{
    sub(/^ +/, "")
    print text($0)
}

# Prints what failed according to the .trx files and the sequence files of --blame-hang that it is given: a line for each
# test, with its full name, its duration and the beginning of its message. For .ci/test, which sees only few lines kept.
# With -v only_names=1: the full names alone, without arguments.
BEGIN {
    RS = "<"
    maxLines = 20
    maxMessage = 300
}

/^UnitTestResult / {
    current = ""
    if (attribute("outcome") !~ /^(Passed|NotExecuted|Inconclusive|Pending)$/) {
        current = ++failures
        id[current] = attribute("testId")
        name[current] = attribute("testName")
        duration[current] = attribute("duration")
    }
}
/^\/UnitTestResult>/ { current = "" }
/^Message>/ && current { text[current] = content() }

/^UnitTest / { definition = attribute("id") }
/^TestMethod / { class[definition] = attribute("className") }

/^RunInfo / { isError = attribute("outcome") == "Error" }
/^Text>/ && isError { notes[++noteCount] = "run: " content() }

/^Test / && attribute("Completed") == "False" {
    unfinished = attribute("Name")
    if (!(unfinished in seen)) {
        seen[unfinished] = 1
        notes[++noteCount] = "never ended: " unfinished
    }
}

END {
    if (only_names) {
        for (i = 1; i <= failures; i++)
            print class[id[i]] "." bare(name[i])
        exit
    }
    for (i = 1; i <= noteCount; i++)
        show("  " notes[i])
    for (i = 1; i <= failures; i++)
        show("  " (id[i] in class ? class[id[i]] "." : "") name[i] " [" substr(duration[i], 1, 12) "] " text[i])
    if (shown > maxLines)
        print "  ... and " shown - maxLines " more"
}

function show(line) {
    if (++shown <= maxLines)
        print line
}

function bare(test) {
    sub(/\(.*/, "", test)
    return test
}

function attribute(key,    start, rest) {
    start = index($0, " " key "=\"")
    if (!start)
        return ""
    rest = substr($0, start + length(key) + 3)
    return plain(substr(rest, 1, index(rest, "\"") - 1))
}

# The record's text on one line, cut.
function content(    result) {
    result = substr($0, index($0, ">") + 1)
    gsub(/[ \t\r]*\n[ \t\r\n]*/, " | ", result)
    gsub(/^[ |]+|[ |]+$/, "", result)
    result = plain(result)
    return length(result) > maxMessage ? substr(result, 1, maxMessage) "..." : result
}

function plain(xml) {
    gsub(/&#x?[0-9A-Fa-f]+;/, " ", xml)
    gsub(/&lt;/, "<", xml)
    gsub(/&gt;/, ">", xml)
    gsub(/&quot;/, "\"", xml)
    gsub(/&apos;/, "'", xml)
    gsub(/&amp;/, "\\&", xml)
    return xml
}

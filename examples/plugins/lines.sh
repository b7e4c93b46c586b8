#!/bin/sh
# How many lines and words each flow has, and its longest line.
#
#   flowcase scan CASE --command 'lines=sh examples/plugins/lines.sh'
#   flowcase query CASE "SELECT flow_id, value, data ->> 'words' FROM findings WHERE scanner = 'lines'"
#
# A plug-in reads payload from standard input, holes as zeros, and writes JSON objects, one a line. `kind`, `value`, `offset` and
# `length` have the columns of these names in the view `findings`; the rest is in `data`. What is known of the flow is in the
# environment: FLOWCASE_FLOW, FLOWCASE_SRC_IP, FLOWCASE_DST_PORT, FLOWCASE_SIDE, FLOWCASE_PATH and more (README, "Plug-ins of
# your own"). An exit status other than 0 is an anomaly, with the first line of standard error.
set -eu

# NUL is no character to awk
tr '\000' '?' | LC_ALL=C awk -v side="$FLOWCASE_SIDE" '
    { words += NF; if (length($0) > longest) longest = length($0) }
    END { printf "{\"kind\":\"%s\",\"value\":\"%d lines\",\"lines\":%d,\"words\":%d,\"longest\":%d}\n", side, NR, NR, words, longest }
'

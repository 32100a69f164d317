# Completion of tasks(1) for bash: verbs, options, their values, and the processes that can be looked at.
# Needs nothing but bash 4.3. Options and values are those of `tasks VERB --help`; a test compares them.

_tasks_verbs='list tree vitals count stack deadlocks leaks doctor run version'

_tasks_options() {
    case $1 in
    '') echo '-h --help -p --pid --from --core --exe --save --raw --threads-only --scan-limit --timeout --period' \
        '--json --color' ;;
    list) echo '-h --help -a --all --dead --timeout --json --color' ;;
    tree) echo '-h --help --timeout --json --color' ;;
    vitals | count)
        echo '-h --help -p --pid --from --core --exe --save --raw --threads-only --scan-limit --timeout --json --color'
        ;;
    deadlocks)
        echo '-h --help -p --pid --from --core --exe --save --raw --debuginfod --timeout --json --color'
        ;;
    leaks)
        echo '-h --help -p --pid --from --core --exe --save --raw --threads-only --scan-limit --debuginfod --timeout' \
            '--for --threshold --no-touch --json --color'
        ;;
    doctor) echo '-h --help -p --pid --timeout --json --color' ;;
    stack)
        echo '-h --help -p --pid --from --core --exe --save --raw --timeout --full --state --kind --older --match --limit' \
            '--no-touch --stop --debuginfod --args --locals --raw-frames --threads-only --scan-limit --json --color'
        ;;
    run) echo '-h --help --name --children --json --color' ;;
    version) echo '-h --help --json --color' ;;
    esac
}

# Options that take a value, and the values that are known: _tasks_values OPTION COMMAND. Status 1: it takes none.
_tasks_values() {
    case $1 in
    -p | --pid) _tasks_targets "$2" ;;
    --color) echo 'auto always never' ;;
    --state) echo 'running runnable waiting done unknown' ;;
    --kind) echo 'thread coroutine fiber job unknown' ;;
    --timeout) echo '500ms 1s 5s 30s 2m' ;;
    --period) echo '500ms 1s 5s 30s' ;;
    --for) echo '0 10s 30s 5m' ;;
    --scan-limit) echo '1G 8G 64G' ;;
    --older) echo '1s 30s 5m 1h 1d' ;;
    --from | --core | --exe | --save | --match | --limit | --threshold | --name) ;;
    *) return 1 ;;
    esac
}

# PIDs, names, and PID@START of the dead.
_tasks_targets() {
    local word what
    "$1" __targets 2>/dev/null | while IFS=$'\t' read -r word what; do
        printf '%s\n' "$word"
    done
}

# Files that begin so; readline adds the slash of a directory.
_tasks_files() {
    local file
    COMPREPLY=()
    while IFS= read -r file; do
        COMPREPLY+=("$file")
    done < <(compgen -f -- "$1")
    compopt -o filenames 2>/dev/null
}

# Puts the words of the line up to the cursor into `words`: together again what COMP_WORDBREAKS took apart, as in
# "--state=waiting" and "12336@8843".
_tasks_split() {
    local rest=${COMP_LINE:0:COMP_POINT} word at
    words=()
    for ((at = 0; at <= COMP_CWORD; at++)); do
        word=${COMP_WORDS[at]}
        if ((at == 0)) || [[ $rest == [[:blank:]]* ]]; then
            words+=('')
            rest=${rest#"${rest%%[![:blank:]]*}"}
        fi
        ((at < COMP_CWORD)) || word=$rest
        words[${#words[@]} - 1]+=$word
        rest=${rest#"$word"}
    done
}

# _tasks_reply PREFIX WORD...: those that begin with the present word, which is PREFIX and what follows it, without
# what readline leaves in place: all up to the last of its word breaks.
_tasks_reply() {
    local prefix=$1 current=${words[-1]} kept='' at word
    shift
    for ((at = 0; at < ${#current}; at++)); do
        if [[ ${current:at:1} == [@=:] && $COMP_WORDBREAKS == *"${current:at:1}"* ]]; then
            kept=${current:0:at+1}
        fi
    done
    COMPREPLY=()
    for word; do
        word=$prefix$word
        if [[ $word == "$current"* ]]; then
            COMPREPLY+=("${word#"$kept"}")
        fi
    done
}

_tasks() {
    local words verb='' targets=0 at current
    _tasks_split
    current=${words[-1]}
    for ((at = 1; at < ${#words[@]} - 1; at++)); do
        if [[ ${words[at]} == -- ]]; then # what follows is another program's
            _tasks_files "$current"
            return
        fi
    done
    if [[ $current =~ ^--(from|core|exe|save)= || (${#words[@]} -gt 2 && ${words[-2]} =~ ^--(from|core|exe|save)$) ]]; then
        _tasks_files "${current#--*=}"
        return
    fi
    for ((at = 1; at < ${#words[@]} - 1; at++)); do
        case ${words[at]} in
        -p?* | --pid=* | --from=* | --core=*) ((targets++)) ;;
        -*=*) ;;
        -*)
            if _tasks_values "${words[at]}" true >/dev/null; then
                if ((at == ${#words[@]} - 2)); then # its value is what is being written
                    _tasks_reply '' $(_tasks_values "${words[at]}" "$1")
                    return
                fi
                if [[ ${words[at]} =~ ^(-p|--pid|--from|--core)$ ]]; then
                    ((targets++))
                fi
                ((at++))
            fi
            ;;
        *)
            if [[ -z $verb && $targets -eq 0 && " $_tasks_verbs " == *" ${words[at]} "* ]]; then
                verb=${words[at]}
            else
                ((targets++))
            fi
            ;;
        esac
    done
    if [[ $current == -*=* ]]; then
        _tasks_reply "${current%%=*}=" $(_tasks_values "${current%%=*}" "$1")
    elif [[ $current == -* ]]; then
        _tasks_reply '' $(_tasks_options "$verb")
    elif [[ $verb == list || $verb == tree || $verb == run || $verb == version || $targets -gt 0 ]]; then
        COMPREPLY=()
    elif [[ -n $verb ]]; then
        _tasks_reply '' $(_tasks_targets "$1")
    else
        _tasks_reply '' $_tasks_verbs $(_tasks_targets "$1")
    fi
}

complete -F _tasks tasks

# Completion of tasks(1) for fish: verbs, options, their values, and the processes that can be looked at.
# Options and values are those of `tasks VERB --help`; a test compares them.

# PIDs, names, and PID@START of the dead, each with what it is.
function __tasks_targets
    set -l words (commandline -opc)
    type -q -- $words[1]; and $words[1] __targets 2>/dev/null
end

# The words of the line that are no options and no options' values: the verb, the target.
function __tasks_plain_words
    set -l words (commandline -opc)
    set -l value 0
    for word in $words[2..-1]
        if test $value = 1
            set value 0
        else if contains -- $word -p --pid --from --core
            set value 1
            echo pid
        else if contains -- $word --exe --save --timeout --period --color --state --kind --older --match --limit --name
            set value 1
        else if string match -q -- '-p?*' $word; or string match -qr -- '^--(pid|from|core)=' $word
            echo pid
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

# True where the verb is one of these; "none" is no verb yet.
function __tasks_verb
    set -l verb (__tasks_plain_words)[1]
    contains -- "$verb" list tree vitals count stack deadlocks leaks doctor run version; or set verb none
    contains -- $verb $argv
end

# True where a target may follow.
function __tasks_wants_target
    set -l words (__tasks_plain_words)
    contains -- "$words[1]" vitals count stack deadlocks leaks doctor; and set -e words[1]
    test (count $words) = 0
end

complete -c tasks -f
complete -c tasks -n 'test -z "$(__tasks_plain_words)"' -a list -d 'the processes that can be looked at'
complete -c tasks -n 'test -z "$(__tasks_plain_words)"' -a tree -d 'every C++ process below the one that started it'
complete -c tasks -n 'test -z "$(__tasks_plain_words)"' -a vitals -d 'how a process is'
complete -c tasks -n 'test -z "$(__tasks_plain_words)"' -a count -d 'how many tasks a process has'
complete -c tasks -n 'test -z "$(__tasks_plain_words)"' -a stack -d 'what every task of a process is doing'
complete -c tasks -n 'test -z "$(__tasks_plain_words)"' -a deadlocks -d 'who waits for whom for ever'
complete -c tasks -n 'test -z "$(__tasks_plain_words)"' -a leaks -d 'which tasks leak, and why'
complete -c tasks -n 'test -z "$(__tasks_plain_words)"' -a doctor -d 'what works here and what does not'
complete -c tasks -n 'test -z "$(__tasks_plain_words)"' -a run -d 'start a program with the agent in it'
complete -c tasks -n 'test -z "$(__tasks_plain_words)"' -a version -d 'the version of this command'
complete -c tasks -n __tasks_wants_target -k -a '(__tasks_targets)'

complete -c tasks -s h -l help -d 'print the options and exit'
complete -c tasks -l json -d 'print JSON, for programs'
complete -c tasks -l color -x -a 'auto always never' -d 'colour'
complete -c tasks -n '__tasks_verb none' -l period -x -a '500ms 1s 5s 30s' -d 'tell processor time over this time'
complete -c tasks -n '__tasks_verb none list tree vitals count stack deadlocks leaks doctor' -l timeout -x -a '500ms 1s 5s 30s 2m' -d 'answer within this time'
complete -c tasks -n '__tasks_verb none vitals count stack deadlocks leaks doctor' -s p -l pid -x -k -a '(__tasks_targets)' -d 'the process'
complete -c tasks -n '__tasks_verb none vitals count stack deadlocks leaks' -l from -r -F -d 'a file of --save or of tasks::write_profile'
complete -c tasks -n '__tasks_verb none vitals count stack deadlocks leaks' -l core -r -F -d 'a core file'
complete -c tasks -n '__tasks_verb none vitals count stack deadlocks leaks' -l exe -r -F -d 'the program that made the core'
complete -c tasks -n '__tasks_verb none vitals count stack deadlocks leaks' -l save -r -F -d 'write what was captured to a file'
complete -c tasks -n '__tasks_verb none vitals count stack deadlocks leaks' -l raw -d 'save stack bytes and registers too'
complete -c tasks -n '__tasks_verb none vitals count stack leaks' -l threads-only -d 'do not look for coroutines'
complete -c tasks -n '__tasks_verb none vitals count stack leaks' -l scan-limit -x -a '1G 8G 64G' -d 'look for coroutines in at most this much memory'
complete -c tasks -n '__tasks_verb list' -s a -l all -d 'every C++ process that you may read'
complete -c tasks -n '__tasks_verb list' -l dead -d 'those that crashed or were killed and left a table'
complete -c tasks -n '__tasks_verb stack' -l full -d 'one block a task, not a group'
complete -c tasks -n '__tasks_verb stack' -l state -x -a 'running runnable waiting done unknown' -d 'only tasks in this state'
complete -c tasks -n '__tasks_verb stack' -l kind -x -a 'thread coroutine fiber job unknown' -d 'only tasks of this kind'
complete -c tasks -n '__tasks_verb stack' -l older -x -a '1s 30s 5m 1h 1d' -d 'only tasks that long in their state'
complete -c tasks -n '__tasks_verb stack' -l match -x -d 'only tasks whose name, label, function or file matches'
complete -c tasks -n '__tasks_verb stack' -l limit -x -d 'show the biggest groups'
complete -c tasks -n '__tasks_verb stack leaks' -l no-touch -d 'leave threads that run alone'
complete -c tasks -n '__tasks_verb stack' -l stop -d 'hold the whole process meanwhile'
complete -c tasks -n '__tasks_verb stack deadlocks leaks' -l debuginfod -d 'ask the servers of DEBUGINFOD_URLS for debug files'
complete -c tasks -n '__tasks_verb stack' -l args -d 'the arguments of coroutines'
complete -c tasks -n '__tasks_verb stack' -l locals -d 'their local variables too'
complete -c tasks -n '__tasks_verb stack' -l raw-frames -d 'coroutines of Asio too'
complete -c tasks -n '__tasks_verb leaks' -l for -x -a '0 10s 30s 5m' -d 'look again and again for this long'
complete -c tasks -n '__tasks_verb leaks' -l threshold -x -d 'tell of tasks that are stuck from this many on'
complete -c tasks -n '__tasks_verb run' -l name -x -d 'what the process is called in lists'
complete -c tasks -n '__tasks_verb run' -l children -d 'the processes that it starts get the agent too'

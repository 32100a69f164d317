#include "commands/command_line.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <CLI/CLI.hpp>

#include "commands/target_text.hpp"
#include "commands/words.hpp"

namespace tasks::commands {
namespace {

using inspect::Trouble;

/// Usage lines of our own: CLI11's would show verbs as `[SUBCOMMAND]` after the options. And no second blank line for
/// what is not shown.
class Usage final : public CLI::Formatter {
public:
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
        auto text = CLI::Formatter::make_help(app, std::move(name), mode);
        while (text.ends_with("\n\n\n")) {
            text.pop_back();
        }
        return text;
    }

    std::string make_usage(const CLI::App* app, std::string) const override {
        const auto* parent = app->get_parent();
        if (parent == nullptr) {
            return "\nUsage: tasks [VERB] [TARGET] [OPTIONS]\n";
        }
        if (app->get_name() == "run") {
            return "\nUsage: tasks run [OPTIONS] -- PROGRAM [ARGUMENT...]\n";
        }
        const bool takes_target = app->get_option_no_throw("TARGET") != nullptr;
        return "\nUsage: tasks " + app->get_name() + (takes_target ? " TARGET" : "") + " [OPTIONS]\n";
    }
};

void add_output(CLI::App& app, Words& words) {
    app.add_flag("--json", words.json, "Print JSON, for programs");
    app.add_option("--color", words.colour, "Colour: auto (on a terminal, unless NO_COLOR is set), always, never")
        ->type_name("WHEN");
}

void add_timeout(CLI::App& app, Words& words) {
    app.add_option("--timeout", words.timeout, "Answer within this time, in part where need be (default 1s)")
        ->type_name("DURATION");
}

void add_target(CLI::App& app, Words& words) {
    app.add_option("TARGET", words.target, "A PID, the unique name of a process, or PID@START of a dead one")
        ->type_name("");
    app.add_option("-p,--pid", words.pid, "The same as TARGET")->type_name("PID");
    add_timeout(app, words);
}

void add_files(CLI::App& app, Words& words) {
    app.add_option("--from", words.from, "In place of TARGET: a file of --save or of tasks::write_profile, or -")
        ->type_name("FILE");
    app.add_option("--core", words.core, "In place of TARGET: a core file")->type_name("FILE");
    app.add_option("--exe", words.exe, "The program that made the core, where it is not in its place")
        ->type_name("FILE");
    app.add_option("--save", words.save,
                   "Write what was captured to a file for --from, with names; - prints that alone")
        ->type_name("FILE");
    app.add_flag("--raw", words.raw, "Save stack bytes and registers too, which may hold secrets");
}

void add_stack_options(CLI::App& app, Words& words) {
    app.add_flag("--full", words.full, "One block a task, not a group");
    app.add_option("--state", words.state, "Only tasks in this state: running, runnable, waiting, done, unknown")
        ->type_name("STATE");
    app.add_option("--kind", words.kind, "Only tasks of this kind: thread, coroutine, fiber, job, unknown")
        ->type_name("KIND");
    app.add_option("--older", words.older, "Only tasks that long in their state: 500ms, 30s, 5m, 2h, 1d")
        ->type_name("DURATION");
    app.add_option("--match", words.match, "Only tasks whose name, label, function or file matches (POSIX extended)")
        ->type_name("REGEX");
    app.add_option("--limit", words.limit, "Show the N biggest groups and say how many more there are")->type_name("N");
    auto* no_touch = app.add_flag("--no-touch", words.no_touch,
                                  "Leave threads that run alone: no samples, none held for microseconds");
    app.add_flag("--stop", words.stop,
                 "Hold the whole process meanwhile: all of one instant; it pauses, and some calls see EINTR")
        ->excludes(no_touch);
}

void add_coroutine_options(CLI::App& app, Words& words) {
    app.add_flag("--threads-only", words.threads_only, "Do not look for coroutines in the process's memory");
    app.add_option("--scan-limit", words.scan_limit, "Look for coroutines in at most this much memory (default 8G)")
        ->type_name("SIZE");
}

/// For the agent, whose process crashes: not shown.
void add_memory(CLI::App& app, Words& words) {
    app.add_option("--memory", words.memory, "With --from: the open /proc/PID/mem of the process that wrote it")
        ->type_name("FD")
        ->group("");
}

void add_frame_options(CLI::App& app, Words& words) {
    app.add_flag("--args", words.arguments, "The arguments of coroutines");
    app.add_flag("--locals", words.locals, "Their local variables too, which may not be initialised yet");
    app.add_flag("--raw-frames", words.raw_frames, "Asio's own coroutines too");
}

void add_leak_options(CLI::App& app, Words& words) {
    app.add_option(
           "--for", words.watch,
           "Look again and again for this long; 0: once (default: once where an agent tells the past, else 10s)")
        ->type_name("DURATION");
    app.add_option("--threshold", words.threshold, "Tell of tasks that are stuck from this many on (default 10)")
        ->type_name("N");
    app.add_flag("--no-touch", words.no_touch, "Leave threads that run alone: no samples, none held for microseconds");
}

struct Verbs {
    CLI::App* list;
    CLI::App* tree;
    CLI::App* vitals;
    CLI::App* count;
    CLI::App* stack;
    CLI::App* deadlocks;
    CLI::App* leaks;
    CLI::App* doctor;
    CLI::App* run;
    CLI::App* version;
    CLI::App* targets;
};

Verbs add_verbs(CLI::App& app, Words& words) {
    const Verbs verbs{app.add_subcommand("list", "The processes that can be looked at (the default verb)"),
                      app.add_subcommand("tree", "Every C++ process below the one that started it"),
                      app.add_subcommand("vitals", "How a process is: counts, threads, memory, age"),
                      app.add_subcommand("count", "How many tasks a process has, as one number"),
                      app.add_subcommand("stack", "What every task of a process is doing, grouped by stack"),
                      app.add_subcommand("deadlocks", "Who waits for whom for ever; exit status 1 where somebody does"),
                      app.add_subcommand("leaks", "Which tasks leak, and why; exit status 1 where some do"),
                      app.add_subcommand("doctor", "What works here, or with a process, what does not, and what helps"),
                      app.add_subcommand("run", "Start a program with the agent in it"),
                      app.add_subcommand("version", "The version of this command and of the protocol"),
                      app.add_subcommand("__targets", "What a shell offers as TARGET")};
    verbs.list->add_flag("-a,--all", words.all, "Every C++ process that you may read; * marks those with an agent");
    verbs.list->add_flag("--dead", words.dead, "Those that crashed or were killed and left a table");
    add_timeout(*verbs.list, words);
    add_timeout(*verbs.tree, words);
    for (auto* verb : {verbs.vitals, verbs.count, verbs.stack, verbs.deadlocks, verbs.leaks}) {
        add_target(*verb, words);
        add_files(*verb, words);
    }
    for (auto* verb : {verbs.vitals, verbs.count, verbs.stack, verbs.leaks}) {
        add_coroutine_options(*verb, words);
    }
    add_target(*verbs.doctor, words);
    add_stack_options(*verbs.stack, words);
    add_memory(*verbs.stack, words);
    add_frame_options(*verbs.stack, words);
    add_leak_options(*verbs.leaks, words);
    verbs.run->add_option("--name", words.name, "What the process is called in lists (default: as its program)")
        ->type_name("NAME");
    verbs.run->add_flag("--children", words.children, "The processes that it starts get the agent too");
    verbs.run->footer("The program and its arguments come behind --.");
    for (auto* verb : {verbs.stack, verbs.deadlocks, verbs.leaks}) {
        verb->add_flag("--debuginfod", words.debuginfod,
                       "Ask the servers of DEBUGINFOD_URLS for debug files, within 10s or --timeout");
    }
    for (auto* verb : {verbs.list, verbs.tree, verbs.vitals, verbs.count, verbs.stack, verbs.deadlocks, verbs.leaks,
                       verbs.doctor, verbs.run, verbs.version}) {
        add_output(*verb, words);
        verb->group("Verbs");
    }
    verbs.targets->group(""); // for the shells' completion: not shown
    return verbs;
}

Verb verb_of(const Verbs& verbs, const Words& words) {
    const std::array<std::pair<CLI::App*, Verb>, 11> all{{{verbs.list, Verb::list},
                                                          {verbs.tree, Verb::tree},
                                                          {verbs.vitals, Verb::vitals},
                                                          {verbs.count, Verb::count},
                                                          {verbs.stack, Verb::stack},
                                                          {verbs.deadlocks, Verb::deadlocks},
                                                          {verbs.leaks, Verb::leaks},
                                                          {verbs.doctor, Verb::doctor},
                                                          {verbs.run, Verb::run},
                                                          {verbs.version, Verb::version},
                                                          {verbs.targets, Verb::targets}}};
    for (const auto& [app, verb] : all) {
        if (app->parsed()) {
            return verb;
        }
    }
    const bool any = !words.target.empty() || !words.pid.empty() || !words.from.empty() || !words.core.empty();
    return any ? Verb::summary : Verb::list;
}

/// What of the command line nothing took.
std::optional<std::string> left_over(const CLI::App& app, const Words& words) {
    auto extra = app.remaining(true); // in their order
    std::erase(extra, "--");          // ends the options, and is none
    if (extra.empty()) {
        return std::nullopt;
    }
    std::string all;
    for (const auto& one : extra) {
        all += (all.empty() ? "" : " ") + one;
    }
    const auto verbs = app.get_subcommands(); // those that were given
    const auto target = parse_target(words.target);
    if (verbs.empty() && target && !target->pid && !extra.front().starts_with("-")) {
        return words.target + ": no verb has that name; after a TARGET without a verb, " + all + " is too much";
    }
    return all + ": not understood " + (verbs.empty() ? "without a verb" : "by " + verbs.front()->get_name());
}

/// An option, or TARGET, that was given with the empty text.
std::optional<std::string> empty_value(const CLI::App& app) {
    for (const auto* option : app.get_options()) {
        if (std::ranges::find(option->results(), "") != option->results().end()) {
            return option->get_name() + ": its value is empty; give one, or leave it out";
        }
    }
    for (const auto* verb : app.get_subcommands()) {
        if (auto wrong = empty_value(*verb)) {
            return wrong;
        }
    }
    return std::nullopt;
}

/// The library's own words, "--pid: 1 required PID missing", tell neither the cause nor the way out.
std::string mismatch(const std::string& told) {
    const auto option = told.substr(0, told.find(':'));
    if (told.find("missing") != told.npos) {
        return option + ": its value is missing";
    }
    return told.find("At Most") != told.npos ? option + ": given more than once; give it once" : told;
}

/// What follows -- of `tasks run` is not ours to understand.
std::vector<std::string> without_command(std::vector<std::string> arguments, Words& words) {
    const auto end = std::ranges::find(arguments, "--");
    if (end != arguments.end() && std::find(arguments.begin(), end, "run") != end) {
        words.command.assign(end + 1, arguments.end());
        arguments.erase(end, arguments.end());
    }
    return arguments;
}

/// `tasks help VERB` is `tasks VERB --help`.
std::vector<std::string> without_help_verb(std::vector<std::string> arguments) {
    if (!arguments.empty() && arguments.front() == "help") {
        arguments.erase(arguments.begin());
        arguments.push_back("--help");
    }
    return arguments;
}

WrongUsage wrong_usage(const std::vector<std::string>& arguments, std::string what) {
    if (!what.empty() && what.back() == '.') {
        what.pop_back();
    }
    return {{Trouble::usage, what + "; see tasks --help"}, std::ranges::find(arguments, "--json") != arguments.end()};
}

} // namespace

std::variant<Invocation, HelpText, WrongUsage> parse_command_line(const std::vector<std::string>& arguments) {
    Words words;
    CLI::App app{"What every task of a C++ process is doing.", "tasks"};
    app.formatter(std::make_shared<Usage>());
    app.set_help_flag("-h,--help", "Print this and exit");
    app.require_subcommand(0, 1);
    app.allow_extras(); // left_over() names them; its verbs inherit it
    add_target(app, words);
    add_files(app, words);
    add_coroutine_options(app, words);
    app.add_option("--period", words.period,
                   "Without a verb: tell what processor time TARGET takes over this time, too")
        ->type_name("DURATION");
    add_output(app, words);
    const auto verbs = add_verbs(app, words);
    app.footer("Without a verb: list, or with a TARGET one screen about it. A verb wins over a process of that name.\n"
               "tasks VERB --help tells the options of a verb.");
    try {
        auto reversed = without_help_verb(without_command(arguments, words));
        std::ranges::reverse(reversed); // as CLI11 wants them
        app.parse(std::move(reversed));
    } catch (const CLI::CallForHelp&) {
        return HelpText{app.help()};
    } catch (const CLI::ArgumentMismatch& error) {
        return wrong_usage(arguments, mismatch(error.what()));
    } catch (const CLI::ConversionError& error) { // of a flag alone: all other values are texts
        const std::string told = error.what();
        return wrong_usage(arguments, "flags take no value, " + told.substr(told.rfind(": ") + 2) + " has one");
    } catch (const CLI::ParseError& error) {
        return wrong_usage(arguments, error.what());
    }
    if (auto wrong = left_over(app, words)) {
        return wrong_usage(arguments, *std::move(wrong));
    }
    if (auto wrong = empty_value(app)) {
        return wrong_usage(arguments, *std::move(wrong));
    }
    Invocation invocation;
    invocation.verb = verb_of(verbs, words);
    if (!words.command.empty() && invocation.verb != Verb::run) {
        return wrong_usage(arguments, words.command.front() + ": only tasks run takes a program");
    }
    if (auto wrong = take_words(words, invocation)) {
        return wrong_usage(arguments, *std::move(wrong));
    }
    return invocation;
}

} // namespace tasks::commands

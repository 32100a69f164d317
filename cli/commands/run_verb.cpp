// `tasks run`: becomes the program, with the agent's library before it. Its process, parent, files and signals are what
// they would be; the library puts the environment back.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "commands/program_to_run.hpp"
#include "commands/verbs.hpp"

#ifndef TASKS_PRELOAD_BESIDE // from the directory of the installed command to that of the library
#define TASKS_PRELOAD_BESIDE "../lib/tasks"
#endif

namespace tasks::commands {
namespace {

using inspect::Error;
using inspect::Trouble;

constexpr std::string_view library_name = "libtasks_preload.so";

/// Installed, or in the tree where it was built.
Result<std::string, Error> find_library() {
    std::string own(4096, '\0');
    const auto bytes = ::readlink("/proc/self/exe", own.data(), own.size());
    own.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    const auto directory = own.substr(0, own.rfind('/') + 1);
    for (const std::string_view beside : {TASKS_PRELOAD_BESIDE, "../agent/preload"}) {
        std::string path = fmt::format("{}{}/{}", directory, beside, library_name);
        if (char* real = ::realpath(path.c_str(), nullptr); real != nullptr) {
            path = real;
            std::free(real);
            if (path.find_first_of(": ") == std::string::npos) {
                return path;
            }
            return Failure{Error{Trouble::not_inspectable, path + ": its path has a blank or a colon, which LD_PRELOAD "
                                                                  "takes for the end of it; install it elsewhere"}};
        }
    }
    return Failure{Error{Trouble::not_inspectable,
                         fmt::format("{}: it is not in {}{}, beside this command; install it again whole", library_name,
                                     directory, TASKS_PRELOAD_BESIDE)}};
}

/// The environment, in its order, with some variables set.
class Variables {
public:
    Variables() {
        for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
            all_.emplace_back(*each);
        }
    }

    void set(const std::string& name, const std::string& value) {
        const auto found = find(name);
        if (found == all_.end()) {
            all_.push_back(name + "=" + value);
        } else {
            *found = name + "=" + value;
        }
    }

    void remove(const std::string& name) {
        if (const auto found = find(name); found != all_.end()) {
            all_.erase(found);
        }
    }

    /// Before what is there; an empty value is there too.
    void put_before(const std::string& name, const std::string& value) {
        const auto found = find(name);
        set(name, found == all_.end() ? value : value + ":" + found->substr(name.size() + 1));
    }

    std::vector<char*> pointers() {
        std::vector<char*> list;
        std::ranges::transform(all_, std::back_inserter(list), [](std::string& each) { return each.data(); });
        list.push_back(nullptr);
        return list;
    }

private:
    std::vector<std::string>::iterator find(const std::string& name) {
        return std::ranges::find_if(all_, [&](const std::string& each) { return each.starts_with(name + "="); });
    }

    std::vector<std::string> all_;
};

/// The names are those of agent/preload/launch.cpp.
Variables variables(const Invocation& asked, const ProgramToRun& program, const std::string& library) {
    Variables all;
    all.put_before("LD_PRELOAD", library);
    all.set("TASKS_RUN", asked.children ? "children" : "alone");
    all.remove("TASKS_RUN_NAME");
    all.remove("TASKS_RUN_PROGRAM");
    if (!asked.name.empty()) {
        all.set("TASKS_RUN_NAME", asked.name);
    }
    if (program.inode != 0) {
        all.set("TASKS_RUN_PROGRAM", fmt::format("{}:{}", program.device, program.inode));
    }
    return all;
}

} // namespace

Outcome run_verb(const inspect::World& world, const Invocation& asked) {
    if (world.environment("TASKS_AGENT") == "off") {
        return Error{Trouble::not_inspectable, "TASKS_AGENT=off switches the agent off; unset it, or start " +
                                                   asked.command.front() + " without tasks run"};
    }
    const auto library = find_library();
    if (!library) {
        return library.error();
    }
    const auto program = find_program(world, asked.command.front());
    if (!program) {
        return program.error();
    }
    auto words = asked.command;
    std::vector<char*> arguments;
    std::ranges::transform(words, std::back_inserter(arguments), [](std::string& word) { return word.data(); });
    arguments.push_back(nullptr);
    auto all = variables(asked, *program, *library);
    ::execve(program->path.c_str(), arguments.data(), all.pointers().data());
    return Error{Trouble::not_inspectable, "cannot run " + program->path + ": " + std::strerror(errno)};
}

} // namespace tasks::commands

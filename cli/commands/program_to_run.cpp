#include "commands/program_to_run.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "capture/file_descriptor.hpp"
#include "discovery/program_headers.hpp"

namespace tasks::commands {
namespace {

using inspect::Error;
using inspect::Trouble;

constexpr int most_scripts = 4;           ///< that are each other's interpreter, as the kernel has it
constexpr std::size_t longest_line = 256; ///< of #!, as the kernel has it
constexpr const char* other_way = "; start it without tasks run: tasks looks at it from outside";

/// What is wrong with it, to follow "cannot run FILE: "; nothing: all is well.
using Problem = std::optional<std::string>;

Problem unreadable(int error) { return std::string(std::strerror(error)); }

Problem more_rights(const inspect::FileDescriptor& file, const struct stat& facts, std::uint32_t euid) {
    const bool other_user = (facts.st_mode & S_ISUID) != 0 && facts.st_uid != ::getuid();
    const bool other_group = (facts.st_mode & S_ISGID) != 0 && facts.st_gid != ::getgid();
    const bool capable = euid != 0 && ::fgetxattr(file.get(), "security.capability", nullptr, 0) > 0;
    if (!other_user && !other_group && !capable) {
        return std::nullopt;
    }
    return std::string("it runs with the rights of ") +
           (other_user    ? "another user (setuid)"
            : other_group ? "another group (setgid)"
                          : "its capabilities") +
           ", so the loader puts no library before it" + other_way;
}

bool has_library(const std::vector<std::string>& libraries, std::string_view begin) {
    return std::ranges::any_of(libraries, [&](const std::string& library) { return library.starts_with(begin); });
}

Problem not_loadable(const discovery::ProgramHeaders& program) {
    if (!program.x86_64) {
        return "it is a program for another machine than x86-64, for which this command has no library" +
               std::string(other_way);
    }
    if (program.loader.empty()) {
        return "it is static, so no library can be put before it; link it with the agent, or" +
               std::string(other_way + 1);
    }
    if (program.loader.find("ld-musl") != std::string::npos || has_library(program.libraries, "libc.musl")) {
        return "it is made for the C library musl, and the agent's library for glibc" + std::string(other_way);
    }
    if (!program.loader.substr(program.loader.rfind('/') + 1).starts_with("ld-linux-x86-64.so")) {
        return "its loader is " + program.loader + ", not glibc's" + other_way;
    }
    for (const auto* sanitizer : {"libasan.so", "libtsan.so", "liblsan.so", "libhwasan.so"}) {
        if (has_library(program.libraries, sanitizer)) {
            return std::string("it uses ") + sanitizer + ", which must be loaded before all others; link it with the " +
                   "agent instead";
        }
    }
    return std::nullopt;
}

/// As execvp(3): a name without a slash is looked for in PATH.
std::string path_of(const inspect::World& world, const std::string& command) {
    if (command.find('/') != std::string::npos) {
        return command;
    }
    const auto path = world.environment("PATH").value_or("/bin:/usr/bin");
    for (std::size_t at = 0; at <= path.size();) {
        const auto end = std::min(path.find(':', at), path.size());
        const auto directory = path.substr(at, end - at);
        const auto file = (directory.empty() ? "." : directory) + "/" + command;
        struct stat facts{};
        if (::stat(file.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && ::access(file.c_str(), X_OK) == 0) {
            return file;
        }
        at = end + 1;
    }
    return "";
}

/// The words behind #! of a script.
std::vector<std::string> interpreter_line(const inspect::FileDescriptor& file) {
    std::array<char, longest_line> bytes{};
    const auto got = ::pread(file.get(), bytes.data(), bytes.size(), 0);
    const std::string_view head{bytes.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
    std::vector<std::string> words;
    if (!head.starts_with("#!")) {
        return words;
    }
    const auto line = head.substr(2, head.find('\n') == head.npos ? head.npos : head.find('\n') - 2);
    for (std::size_t at = 0; at < line.size();) {
        at = std::min(line.find_first_not_of(" \t\r", at), line.size());
        const auto end = std::min(line.find_first_of(" \t\r", at), line.size());
        if (end > at) {
            words.emplace_back(line.substr(at, end - at));
        }
        at = end;
    }
    return words;
}

class Search {
public:
    explicit Search(const inspect::World& world) : world_(world) {}

    Problem look_at(const std::string& path, int scripts) {
        const inspect::FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
        struct stat facts{};
        if (file.get() < 0 || ::fstat(file.get(), &facts) != 0) {
            return unreadable(errno);
        }
        if (!S_ISREG(facts.st_mode) || ::access(path.c_str(), X_OK) != 0) {
            return S_ISREG(facts.st_mode) ? unreadable(EACCES) : Problem{"it is no file"};
        }
        if (const auto words = interpreter_line(file); !words.empty()) {
            return scripts == 0 ? Problem{"its interpreters are scripts, too many of them"} : follow(words, scripts);
        }
        if (auto problem = more_rights(file, facts, world_.euid)) {
            return problem;
        }
        const auto headers = discovery::read_program_headers([&](std::uint64_t at, void* into, std::size_t bytes) {
            return at <= static_cast<std::uint64_t>(INT64_MAX) - bytes &&
                   ::pread(file.get(), into, bytes, static_cast<off_t>(at)) == static_cast<ssize_t>(bytes);
        });
        if (!headers) {
            return "it is neither a program nor a script that begins with #!; name its interpreter, as in "
                   "tasks run -- sh " +
                   path;
        }
        device = facts.st_dev;
        inode = facts.st_ino;
        return not_loadable(*headers);
    }

    std::uint64_t device = 0; ///< of the program that was found last
    std::uint64_t inode = 0;
    bool by_env = false;

private:
    Problem follow(const std::vector<std::string>& words, int scripts) {
        auto problem = look_at(words.front(), scripts - 1);
        const auto name = words.front().substr(words.front().rfind('/') + 1);
        if (!problem && name == "env" && words.size() > 1) {
            by_env = true;
            const auto meant = std::find_if(words.begin() + 1, words.end(), [](const std::string& word) {
                return !word.starts_with("-") && word.find('=') == std::string::npos;
            });
            const auto path = meant == words.end() ? "" : path_of(world_, *meant);
            problem = path.empty() ? Problem{"no such interpreter in PATH"} : look_at(path, scripts - 1);
            return problem ? Problem{"its interpreter " + (meant == words.end() ? name : *meant) + ": " + *problem}
                           : std::nullopt;
        }
        return problem ? Problem{"its interpreter " + words.front() + ": " + *problem} : std::nullopt;
    }

    const inspect::World& world_;
};

} // namespace

Result<ProgramToRun, Error> find_program(const inspect::World& world, const std::string& command) {
    const auto path = path_of(world, command);
    if (path.empty()) {
        return Failure{Error{Trouble::not_inspectable, "cannot run " + command +
                                                           ": no directory of PATH has it; "
                                                           "give its path"}};
    }
    Search search{world};
    if (auto problem = search.look_at(path, most_scripts)) {
        return Failure{Error{Trouble::not_inspectable, "cannot run " + path + ": " + *problem}};
    }
    return ProgramToRun{path, search.by_env ? search.device : 0, search.by_env ? search.inode : 0};
}

} // namespace tasks::commands

// Has the `tasks` command show a crash dump, from within the signal handler of the process that dies: started without
// the memory of the process being copied, given the dump as its standard input and the process's standard error as its
// output, the process's memory to read as descriptor 3 (what lives in no table and on no stack is found there), a small
// environment, no other files; waited for until a deadline, killed then. The paths and variables are copied when the
// crash dump is installed.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "fixed_text.hpp"

namespace tasks::agent {

class CrashCommand {
public:
    static constexpr std::size_t stack_bytes = 16 * 1024;

    /// `asked`: CrashDumpOptions::command. Takes what is in the environment now; not in a handler.
    /// `may_take_ns`: how long it will have from its start on, 10 ms or more.
    void find(std::string_view asked, std::uint64_t may_take_ns) noexcept;
    explicit operator bool() const noexcept { return path_.size() != 0; }

    struct Showing {
        int dump_fd;   ///< read from its beginning
        int output_fd; ///< where it is shown
        bool each;     ///< each task by itself, with the frames of libraries; else grouped, without
        std::uint64_t until_ns;
    };
    /// True: it ended by itself and had shown the dump. `stack`: what it runs on until it is another program.
    bool show(const Showing& showing, std::span<char> stack) const noexcept;

private:
    struct Child;
    static int run(void* child) noexcept;
    void keep_environment() noexcept;
    static bool ended_well(int pidfd, int pid, std::uint64_t until_ns) noexcept;

    FixedText<4096> path_;
    FixedText<32> patience_;    ///< its --timeout
    FixedText<4096> variables_; ///< one after the other, each with its zero
    std::array<char*, 8> environment_{};
};

} // namespace tasks::agent

// known_lines.cc compiled in some way and running, blocked in its pause(): for tests of what names its frames get.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inspect/capture/temporary_directory.hpp"
#include "inspect/unwind/blocked_child.hpp"
#include "symbols/symbolizer.hpp"

namespace tasks::test {

/// Runs a shell command; fails the test when it fails.
void run_shell(const std::string& command);
bool is_installed(const std::string& program);

/// The line of known_lines.cc with that mark.
std::uint32_t marked_line(const std::string& mark);

class KnownProgram {
public:
    explicit KnownProgram(const std::string& compiler_and_options);

    const std::string& path() const { return path_; }
    std::string beside(const std::string& name) const { return directory_.path(name); }
    /// What the shell does with $P, the program, before it is started.
    void prepare(const std::string& command);
    void start();

    /// The frames of its innermost functions, pause() left out: innermost first.
    std::vector<inspect::Frame> frames();
    /// Likewise, with the file at its path as it is now, which need not be the one that runs.
    std::vector<inspect::Frame> frames_of_file(const std::string& path);

private:
    tests::TemporaryDirectory directory_;
    std::string path_ = directory_.path("known");
    std::vector<BlockedChild> child_; ///< none or one
};

} // namespace tasks::test

// A machine for tests: a directory that looks like /proc, an environment, a uid. Directories of agents are real ones.
//
//     FakeMachine machine;
//     machine.process(12, 345).status("payments", 'S', 3);
//     machine.environment["TASKS_DIR"] = ...;
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "capture/world.hpp"
#include "inspect/capture/temporary_directory.hpp"

namespace tasks::tests {

class FakeMachine {
public:
    static constexpr std::uint64_t pid_namespace = 4026531836;
    static constexpr const char* boot_id = "c0ffee00-0000-4000-8000-000000000001";

    /// With /proc/self and nobody else; our uid is the real one, whose files a test can make.
    FakeMachine();

    struct Facts {
        std::string command = "payments";
        char state = 'S';
        std::uint64_t threads = 3;
        std::uint32_t uid = ~0u;     ///< ~0: ours
        std::uint32_t inner_pid = 0; ///< 0: the same
        std::uint64_t net_namespace = 4026531840;
        std::uint64_t mount_namespace = 4026531841;
        std::string root = "/";
        std::string environ{}; ///< NUL between the entries
        std::uint32_t flags = 0;
    };
    void process(std::uint32_t pid, std::uint64_t start, const Facts& facts);
    void process(std::uint32_t pid, std::uint64_t start) { process(pid, start, Facts{}); }
    void end(std::uint32_t pid);

    inspect::World world() const;
    const TemporaryDirectory& proc() const { return proc_; }

    std::map<std::string, std::string, std::less<>> environment;
    std::uint32_t euid;

private:
    void namespaces(const std::string& folder, const Facts& facts) const;

    TemporaryDirectory proc_;
    inspect::SystemClock clock_;
};

} // namespace tasks::tests

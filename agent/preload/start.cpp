// What happens when the library is loaded: before the program's main() and the constructors of its libraries.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <new>

#include <tasks/agent.hpp>

#include "agent_in_program.hpp"
#include "births.hpp"
#include "launch.hpp"
#include "watched_creation.hpp"

namespace tasks::agent {
namespace {

/// Never destroyed: at exit() the agent removes its files by itself.
alignas(Agent) std::byte agent_memory[sizeof(Agent)];

/// Takes the low numbers of files while the agent opens its own, which then have high ones: a program's first file is
/// number 3 with the library as without. Beyond the highest that shells and supervisors use for themselves.
class LowNumbers {
public:
    LowNumbers() noexcept {
        const int first = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (first < 0)
            return;
        taken_[first < most ? first : 0] = first < most;
        for (int number = first; number >= 0 && number < most;) {
            number = ::fcntl(first, F_DUPFD_CLOEXEC, 0);
            if (number >= 0 && number < most)
                taken_[number] = true;
            else if (number >= 0)
                ::close(number);
        }
        if (first >= most)
            ::close(first);
    }
    ~LowNumbers() {
        for (int number = 0; number < most; ++number)
            if (taken_[number])
                ::close(number);
    }
    LowNumbers(const LowNumbers&) = delete;
    LowNumbers& operator=(const LowNumbers&) = delete;

private:
    static constexpr int most = 200;
    bool taken_[most]{};
};

/// The path by which this library was loaded, as LD_PRELOAD tells it.
std::string_view own_path() noexcept {
    Dl_info facts{};
    return ::dladdr(&agent_memory, &facts) != 0 && facts.dli_fname != nullptr ? facts.dli_fname : "";
}

void start_agent(const Launch& launch) noexcept {
    Births::want();
    watch_creation(birth_interface);
    AgentOptions options;
    options.name = launch.name;
    options.start_after_fork = launch.children;
    const LowNumbers low;
    new (agent_memory) Agent(options);
}

[[gnu::constructor]] void start() noexcept {
    const int kept = errno;
    const Launch launch = take_launch(own_path());
    if (launch.here) {
        if (const BirthInterface* own = agent_in_program(&birth_interface); own != nullptr) {
            own->want();
            watch_creation(*own);
        } else {
            start_agent(launch);
        }
    }
    errno = kept;
}

} // namespace
} // namespace tasks::agent

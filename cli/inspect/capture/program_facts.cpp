#include "capture/program_facts.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <map>
#include <string_view>
#include <tuple>

#include "capture/fd_names.hpp"
#include "capture/patient_reader.hpp"
#include "capture/proc_stat.hpp"

namespace tasks::inspect {
namespace {

constexpr std::size_t max_command_line = 4096;
constexpr std::size_t max_fds = 1u << 20;
constexpr std::uint64_t second_ns = 1'000'000'000;

/// Arguments end with NUL; the last one too, unless the process has written over it.
std::string with_blanks(std::string text) {
    while (!text.empty() && text.back() == '\0') {
        text.pop_back();
    }
    std::ranges::replace(text, '\0', ' ');
    return text;
}

std::optional<std::uint64_t> cpu_ns(const World& world, const ProcessFacts& process) {
    const auto stat = read_stat(world.proc, process.pid);
    return stat && stat->start_time_ticks == process.start_time_ticks
               ? std::optional{stat->cpu_ticks * (second_ns / std::max<std::uint64_t>(world.ticks_per_second, 1))}
               : std::nullopt;
}

void sleep_for(std::uint64_t duration_ns) {
    timespec left{static_cast<time_t>(duration_ns / second_ns), static_cast<long>(duration_ns % second_ns)};
    while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

void measure_period(const World& world, const ProcessFacts& process, std::uint64_t period_ns, ProgramFacts& into) {
    const auto from_ns = world.clock->monotonic_ns();
    const auto before = cpu_ns(world, process);
    sleep_for(period_ns);
    into.cpu_ns = cpu_ns(world, process);
    into.period_ns = world.clock->monotonic_ns() - from_ns;
    if (before && into.cpu_ns && *into.cpu_ns >= *before) {
        into.period_cpu_ns = *into.cpu_ns - *before;
    }
}

/// "MemTotal:       24653456 kB" is the first line of meminfo.
std::optional<std::uint64_t> machine_memory(const World& world) {
    constexpr std::string_view key = "MemTotal:";
    const auto text = world.proc.read("meminfo");
    if (!text || !text->starts_with(key)) {
        return std::nullopt;
    }
    const auto digits = text->find_first_of("0123456789");
    std::uint64_t kib = 0;
    const auto end = digits == std::string::npos
                         ? std::from_chars_result{nullptr, std::errc::invalid_argument}
                         : std::from_chars(text->data() + digits, text->data() + text->size(), kib);
    return end.ec == std::errc{} ? std::optional{kib * 1024} : std::nullopt;
}

std::optional<std::vector<SocketFacts>> read_sockets(const World& world, std::uint32_t pid, const Deadline& deadline) {
    constexpr std::string_view internet = "socket "; // FdNames begins those with it that have an address
    const auto fds = world.proc.numbers(std::to_string(pid) + "/fd", max_fds);
    if (!fds) {
        return std::nullopt;
    }
    FdNames names{world, pid};
    std::map<std::string, std::uint64_t> counts;
    for (const auto fd : *fds) {
        if (deadline.passed()) {
            return std::nullopt;
        }
        if (const auto& name = names.name(static_cast<int>(fd)); name.starts_with(internet)) {
            ++counts[name.substr(internet.size())];
        }
    }
    std::vector<SocketFacts> sockets;
    for (const auto& [name, count] : counts) {
        sockets.push_back({name, count});
    }
    const auto place = [](const SocketFacts& one) {
        return std::tuple{!one.name.starts_with("listening"), ~one.count, std::string_view{one.name}};
    };
    std::ranges::sort(sockets, {}, place);
    return sockets;
}

} // namespace

ProgramFacts read_program(const World& world, const ProcessFacts& process, std::uint64_t period_ns,
                          std::uint64_t patience_ns) {
    const Deadline deadline{*world.clock, patience_ns};
    ProgramFacts facts;
    if (const auto parent = read_stat(world.proc, process.ppid); process.ppid != 0 && parent) {
        facts.parent_name = parent->command;
    }
    const auto words =
        read_patiently({world.proc.path(process.pid, "cmdline")}, max_command_line, patience_ns / 2, deadline);
    if (words.front()) {
        facts.command_line = with_blanks(*words.front());
        facts.command_line_cut = words.front()->size() == max_command_line;
    }
    facts.machine_memory_bytes = machine_memory(world);
    facts.sockets = read_sockets(world, process.pid, deadline);
    if (period_ns != 0) {
        measure_period(world, process, period_ns, facts);
    } else {
        facts.cpu_ns = cpu_ns(world, process);
    }
    return facts;
}

} // namespace tasks::inspect

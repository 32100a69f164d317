#include <tasks/protocol/sched_file.hpp>

#include <charconv>

namespace tasks::protocol {

std::optional<std::uint64_t> exec_start_ns(std::string_view sched) noexcept {
    // "se.exec_start      :      12345.678901": milliseconds and six digits (kernel/sched/debug.c, SPLIT_NS).
    const std::size_t at = sched.find("se.exec_start");
    if (at == std::string_view::npos)
        return {};
    sched.remove_prefix(at);
    const std::size_t digits = sched.find_first_of("0123456789\n");
    if (digits == std::string_view::npos)
        return {};
    sched.remove_prefix(digits);
    const char* const end = sched.data() + sched.size();
    std::uint64_t milliseconds = 0;
    const auto whole = std::from_chars(sched.data(), end, milliseconds);
    if (whole.ec != std::errc{} || whole.ptr == end || *whole.ptr != '.')
        return {};
    std::uint64_t nanoseconds = 0;
    const char* const part = whole.ptr + 1;
    const auto rest = std::from_chars(part, end, nanoseconds);
    if (rest.ec != std::errc{} || rest.ptr != part + 6)
        return {};
    return milliseconds * 1'000'000 + nanoseconds;
}

} // namespace tasks::protocol

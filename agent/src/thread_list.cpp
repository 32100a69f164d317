#include "thread_list.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "proc_file.hpp"

namespace tasks::agent {
namespace {

// struct linux_dirent64 of getdents64(2): u64 inode, s64 offset, u16 record length, u8 type, name.
constexpr std::size_t record_length_at = 16;
constexpr std::size_t name_at = 19;

bool thread_id(std::string_view name, std::uint32_t& tid) noexcept {
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), tid);
    return error == std::errc{} && end == name.data() + name.size() && tid != 0;
}

} // namespace

OwnedFd open_task_directory() noexcept { return open_for_reading(AT_FDCWD, "/proc/self/task"); }

bool thread_is_there(std::uint32_t tid) noexcept {
    return ::syscall(SYS_tgkill, ::getpid(), static_cast<pid_t>(tid), 0) == 0 || errno != ESRCH;
}

std::optional<std::uint64_t> thread_block(std::uint32_t tid) noexcept {
    void* head = nullptr;
    std::size_t length = 0;
    if (::syscall(SYS_get_robust_list, static_cast<long>(tid), &head, &length) != 0)
        return {};
    return std::bit_cast<std::uint64_t>(head);
}

ThreadList list_threads(int task_directory, std::uint32_t except, std::span<std::uint32_t> into,
                        std::span<char> buffer) noexcept {
    ThreadList list;
    if (::lseek(task_directory, 0, SEEK_SET) < 0)
        return list;
    for (;;) {
        const long got = ::syscall(SYS_getdents64, task_directory, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            list.complete = got == 0;
            return list;
        }
        const std::string_view entries{buffer.data(), static_cast<std::size_t>(got)};
        for (std::size_t at = 0; at + name_at < entries.size();) {
            std::uint16_t length = 0;
            std::memcpy(&length, entries.data() + at + record_length_at, sizeof length);
            if (length <= name_at || length > entries.size() - at)
                return list;
            const std::string_view padded = entries.substr(at + name_at, length - name_at);
            std::uint32_t tid = 0;
            if (thread_id(padded.substr(0, padded.find('\0')), tid) && tid != except) {
                if (list.listed < into.size())
                    into[list.listed++] = tid;
                else
                    ++list.left_out;
            }
            at += length;
        }
    }
}

} // namespace tasks::agent

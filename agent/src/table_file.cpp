#include "table_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>

#include "clock.hpp"
#include "record_writer.hpp"
#include "region.hpp"

namespace bip = boost::interprocess;

namespace tasks::agent {
namespace {

/// What bip::mapped_region asks of a file.
struct Mappable {
    int fd;
    bip::mapping_handle_t get_mapping_handle() const { return {.handle = fd, .is_xsi = false}; }
};

/// Makes room for [from, to); an errno, 0 where it worked. Over RLIMIT_FSIZE the kernel would send SIGXFSZ, which
/// ends a host that does not expect it: so that is looked at first.
int make_room(int fd, std::size_t from, std::size_t to) noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_FSIZE, &limit) != 0)
        return errno;
    if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < to)
        return EFBIG;
    int failed;
    do
        failed = ::posix_fallocate(fd, static_cast<off_t>(from), static_cast<off_t>(to - from));
    while (failed == EINTR);
    return failed;
}

std::string because(const char* what, int error) { return std::string(what) + ": " + std::strerror(error); }

Result<OwnedFd> open_file(int directory_fd, const std::string& name, const std::string& temporary) {
    if (directory_fd < 0) {
        OwnedFd fd = above_standard_streams(OwnedFd{::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING)});
        if (!fd)
            return Failure{because("memfd_create", errno)};
        ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK); // through /proc/PID/fd it could be cut: a SIGBUS for the host
        return fd;
    }
    ::unlinkat(directory_fd, temporary.c_str(), 0); // of this very process: an earlier start that failed half-way
    // 0400: a slip of the user's own ("> file") that cut it would be a SIGBUS for the host.
    int fd = -1;
    do
        fd = ::openat(directory_fd, temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
    while (fd < 0 && errno == EINTR);
    OwnedFd file = above_standard_streams(OwnedFd{fd});
    if (!file)
        return Failure{because("cannot create it", errno)};
    return file;
}

/// The name under which the file grows; goes unless it is taken, whatever happens meanwhile.
class TemporaryName {
public:
    TemporaryName(int directory, const std::string& name) : directory_(directory), name_(name) {}
    ~TemporaryName() {
        if (directory_ >= 0)
            ::unlinkat(directory_, name_.c_str(), 0);
    }
    TemporaryName(const TemporaryName&) = delete;
    TemporaryName& operator=(const TemporaryName&) = delete;

    const std::string& text() const { return name_; }
    bool becomes(const std::string& name) {
        if (directory_ >= 0 && ::renameat(directory_, name_.c_str(), directory_, name.c_str()) != 0)
            return false;
        directory_ = -1;
        return true;
    }

private:
    int directory_;
    std::string name_;
};

} // namespace

TableFile::TableFile(OwnedFd fd, bip::mapped_region region) noexcept : fd_(std::move(fd)), region_(std::move(region)) {}

Result<TableFile> TableFile::create(int directory_fd, const std::string& name, const Identity& identity,
                                    TableLimits limits) try {
    TemporaryName temporary{directory_fd, "." + name + ".new"};
    auto fd = open_file(directory_fd, name, temporary.text());
    if (!fd)
        return Failure{fd.error()};
    const int file = fd->get();
    const std::size_t cap = whole_pages(std::max(limits.cap_bytes, least_table_bytes));
    const std::size_t initial = std::clamp(whole_pages(limits.initial_bytes), least_table_bytes, cap);
    if (const int error = make_room(file, 0, initial); error != 0)
        return Failure{because("no room for it", error)};
    TableFile table{std::move(*fd), bip::mapped_region{Mappable{file}, bip::read_write, 0, cap}};
    table.room_bytes_ = initial;
    table.initial_bytes_ = initial;
    table.file_bytes_ = protocol::table_header_bytes;
    table.write_header(identity);
    if (!temporary.becomes(name))
        return Failure{because("cannot name it", errno)};
    return table;
} catch (const std::exception& error) {
    return Failure{std::string("cannot map it: ") + error.what()};
}

void TableFile::write_header(const Identity& identity) noexcept {
    protocol::TableHeader& head = header();
    head.version = protocol::table_version;
    head.record_size = protocol::record_bytes;
    head.pid = identity.pid;
    head.pid_namespace = identity.pid_namespace;
    head.start_time_ticks = identity.start_time_ticks;
    head.boot_id = identity.boot_id;
    head.uid = identity.uid;
    std::memcpy(head.name.data(), identity.name.data(), std::min(identity.name.size(), head.name.size() - 1));
    head.cap_bytes = cap_bytes();
    head.started_at_ns = now_ns();
    head.started_at_realtime_ns = read_clock(CLOCK_REALTIME);
    head.seen_alive_ns = head.started_at_ns;
    head.magic = protocol::table_magic;
}

TableFile::Piece TableFile::append(protocol::SegmentKind kind, std::size_t bytes, std::size_t least) noexcept {
    protocol::TableHeader& head = header();
    const std::uint32_t count = head.segment_count;
    bytes = std::min(whole_pages(bytes), cap_bytes() - file_bytes_);
    if (count >= protocol::max_segments || bytes < least || bytes == 0)
        return {};
    if (file_bytes_ + bytes > room_bytes_) {
        if (!fd_.ours() || make_room(fd_.get(), room_bytes_, file_bytes_ + bytes) != 0)
            return {};
        room_bytes_ = file_bytes_ + bytes;
    }
    const Piece piece{.offset = file_bytes_, .bytes = bytes};
    head.segments[count] = {
        .kind = static_cast<std::uint32_t>(kind), .reserved = 0, .offset = piece.offset, .bytes = piece.bytes};
    file_bytes_ += bytes;
    put(head.segment_count, count + 1);
    return piece;
}

void TableFile::detach() noexcept {
    give_back(base(), cap_bytes(), file_bytes_);
    // The kernel puts the pages in place at once: a thread that writes meanwhile writes into the one or the other. Past
    // the C library, since ThreadSanitizer takes an mmap() there for a write to all of it, which races with that
    // thread.
    ::syscall(SYS_mmap, base(), file_bytes_, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    fd_.reset();
}

std::int64_t TableFile::read_at(std::uint64_t offset, std::span<char> into) const noexcept {
    if (!fd_.ours())
        return -EBADF;
    for (;;) {
        const ssize_t got = ::pread(fd_.get(), into.data(), into.size(), static_cast<off_t>(offset));
        if (got >= 0)
            return got;
        if (errno != EINTR)
            return -errno;
    }
}

} // namespace tasks::agent

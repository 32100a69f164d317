// A reader against a real writer: a memfd that one thread writes as the agent does, by atomic stores between an odd
// and an even sequence, and another reads with pread.
#include <tasks/protocol/table_reader.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "test_table.hpp"

using namespace tasks::protocol;
using namespace tasks::protocol::tests;

namespace {

constexpr std::uint32_t site_count = 1024;
constexpr std::uint64_t sites_offset = 4096;
constexpr std::uint64_t records_offset = sites_offset + site_count * sizeof(SiteRecord);
// So many that a record stays as it is for longer than two looks at it, also when the writer never rests.
constexpr std::uint32_t record_count = 8192;
constexpr std::uint64_t file_bytes = records_offset + record_count * record_bytes;

class SharedTable : public TableSource {
public:
    SharedTable() : fd_(::memfd_create("table", MFD_CLOEXEC)) {
        REQUIRE(fd_ >= 0);
        REQUIRE(::ftruncate(fd_, static_cast<off_t>(file_bytes)) == 0);
        memory_ = ::mmap(nullptr, file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
        REQUIRE(memory_ != MAP_FAILED);
        auto& head = *new (memory_) TableHeader;
        head.magic = table_magic;
        head.version = table_version;
        head.record_size = record_bytes;
        head.segments[0] = {static_cast<std::uint32_t>(SegmentKind::sites), 0, sites_offset,
                            site_count * sizeof(SiteRecord)};
        head.segments[1] = {static_cast<std::uint32_t>(SegmentKind::records), 0, records_offset,
                            record_count * record_bytes};
        head.segment_count = 2;
    }
    ~SharedTable() override {
        ::munmap(memory_, file_bytes);
        ::close(fd_);
    }
    std::int64_t read_at(std::uint64_t offset, std::span<char> into) const noexcept override {
        const auto got = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(offset));
        return got < 0 ? -errno : got;
    }
    TaskRecord& record(std::uint32_t index) {
        return reinterpret_cast<TaskRecord*>(static_cast<char*>(memory_) + records_offset)[index];
    }

private:
    int fd_;
    void* memory_ = nullptr;
};

template <class Word> void put(Word& field, Word value) {
    std::atomic_ref{field}.store(value, std::memory_order_release);
}

std::uint32_t site_of(std::uint32_t number) { return number % site_count + 1; }

// Every field says the same number in its own way, so that a mixture of two updates shows. The scopes reach into the
// record's second cache line.
void write_thread(TaskRecord& record, std::uint32_t number) {
    const auto sequence = std::atomic_ref{record.head.sequence}.load(std::memory_order_relaxed);
    std::atomic_ref{record.head.sequence}.store(sequence + 1, std::memory_order_relaxed);
    put(record.head.generation, number);
    put(record.head.type, static_cast<std::uint8_t>(RecordType::thread));
    put(record.head.wait_reason, static_cast<std::uint8_t>(WaitReason::cond));
    put(record.head.depth, static_cast<std::uint32_t>(scopes_per_thread));
    put(record.head.tid, number + 1);
    put(record.head.wait_object, std::uint64_t{number} + 2);
    put(record.head.wait_since_ns, std::uint64_t{number} + 3);
    put(record.head.started_ns, std::uint64_t{number} + 4);
    for (auto& scope : record.scopes)
        put(scope, site_of(number));
    put(record.label.key, site_of(number));
    const auto letters = std::uint64_t{0x0101010101010101} * ('a' + number % 26);
    for (auto& word : record.label.text)
        put(word, &word == &record.label.text.back() ? letters << 8 >> 8 : letters);
    std::atomic_ref{record.head.sequence}.store(sequence + 2, std::memory_order_release);
}

bool is_whole(const Task& task) {
    const auto number = static_cast<std::uint32_t>(task.id >> 32);
    return task.tid == number + 1 && task.wait_object == std::uint64_t{number} + 2 &&
           task.since_ns == std::uint64_t{number} + 3 && task.started_ns == std::uint64_t{number} + 4 &&
           task.label_key == site_of(number) &&
           task.label_text == std::string(max_label_bytes, static_cast<char>('a' + number % 26)) &&
           task.scopes.front() == site_of(number) && task.scopes.back() == site_of(number);
}

} // namespace

TEST_CASE("no torn record is accepted while another thread writes without rest") {
    SharedTable table;
    auto reader = opened(table);
    std::atomic<bool> stop{false};
    std::thread writer{[&] {
        for (std::uint32_t number = 1; !stop.load(std::memory_order_relaxed); ++number)
            write_thread(table.record(number % record_count), number);
    }};
    std::uint64_t accepted = 0;
    std::uint64_t torn = 0;
    // 2,000 walks or 3 s, in which a reader that accepts at one look takes some dozen torn records; and on until
    // something was there to see, as a busy machine may let the writer begin late.
    const auto begin = std::chrono::steady_clock::now();
    const auto within = [&](int seconds) {
        return std::chrono::steady_clock::now() < begin + std::chrono::seconds(seconds);
    };
    for (int walks = 0; (walks < 2000 && within(3)) || (accepted == 0 && within(30)); ++walks)
        reader.each_task([&](const Task& task) {
            ++accepted;
            torn += is_whole(task) ? 0u : 1u;
            return true;
        });
    stop = true;
    writer.join();
    CHECK(torn == 0);
    CHECK(accepted > 0);
    CHECK(walk(reader).totals.unreadable == 0); // the writer is at rest
}

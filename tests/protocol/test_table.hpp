// A task table built in memory, as an agent would write it, and sources that read it: whole, cut, failing, or
// changing between two reads.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <tasks/protocol/table_layout.hpp>
#include <tasks/protocol/table_reader.hpp>

namespace tasks::protocol::tests {

class TestTable {
public:
    /// With a text segment, room for 64 sites and for 64 records.
    TestTable();

    TableHeader& header() { return *at<TableHeader>(0); }
    template <class Object> Object* at(std::uint64_t offset) {
        return reinterpret_cast<Object*>(reinterpret_cast<char*>(memory_.data()) + offset);
    }

    /// Appends a segment and counts it; its offset.
    std::uint64_t add_segment(SegmentKind kind, std::uint64_t bytes);

    /// The next place in the newest segment of records.
    TaskRecord& next_record();
    std::uint64_t number_of(const TaskRecord& record) const;

    TaskRecord& add_job(std::uint32_t site);
    TaskRecord& add_thread(std::uint32_t tid);
    /// A job that the thread carries as its scope of that index; both records say so.
    TaskRecord& add_carried(TaskRecord& thread, std::uint32_t scope, std::uint32_t site);
    CountsRecord& add_counts();
    std::uint32_t add_site(std::string_view name, std::string_view function, std::string_view file, std::uint32_t line);
    SiteRecord& site(std::uint32_t id) { return *at<SiteRecord>(first_site_ + (id - 1) * sizeof(SiteRecord)); }
    void add_history(std::uint64_t at_ns, std::uint64_t started, std::uint64_t ended);

    /// The file as it is now.
    std::string bytes() const;
    std::uint64_t size() const { return end_; }

private:
    std::vector<std::uint64_t> memory_; // words: the records in it are aligned
    std::uint64_t end_ = table_header_bytes;
    std::uint64_t next_text_ = 0;
    std::uint64_t first_site_ = 0;
    std::uint32_t sites_ = 0;
    std::uint64_t next_record_ = 0;
};

/// A table with something of everything: three sites, two jobs, a thread with nested jobs, a waiting thread, an
/// idle one, counts, history.
TestTable lively_table();

/// A label as the agent writes it, of at most 31 bytes.
LabelField label(std::uint32_t key, std::string_view text, bool cut = false);

/// Reads those bytes.
struct BytesSource : TableSource {
    explicit BytesSource(std::string from) : bytes(std::move(from)) {}
    std::int64_t read_at(std::uint64_t offset, std::span<char> into) const noexcept override;
    std::string bytes;
};

/// Calls `before(offset, length)` before each read, which may change `bytes` or return an errno to fail the read.
struct ChangingSource : TableSource {
    std::int64_t read_at(std::uint64_t offset, std::span<char> into) const noexcept override;
    std::string bytes;
    std::function<int(std::uint64_t, std::size_t, std::string&)> before;
};

/// All tasks of the table, and the totals.
struct Walked {
    std::vector<Task> tasks;
    TableTotals totals;
    std::deque<std::string> labels; ///< the texts that tasks view
};
Walked walk(TableReader& reader);

/// Opens the table or fails the running test with the sentence.
TableReader opened(const TableSource& source);

/// Uses everything that a reader offers on bytes that may be anything. True when the table was opened.
bool read_all(const TableSource& source);

} // namespace tasks::protocol::tests

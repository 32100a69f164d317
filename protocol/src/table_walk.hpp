// One pass over a table: looks at every record, accepts those that two looks show alike, and hands out the tasks
// among them. Lives on the stack of TableReader::walk; allocates nothing.
#pragma once

#include <cstdint>
#include <span>

#include <tasks/protocol/table_reader.hpp>

#include "table_header.hpp"

namespace tasks::protocol {

class TableWalk {
public:
    using Visitor = bool (*)(void*, const Task&);

    TableWalk(const TableSource& source, HeaderReader& header, Visitor visitor, void* to) noexcept
        : source_(source), header_(header), visitor_(visitor), to_(to) {}

    /// Both return false when the visitor wants no more.
    bool records(const Segment& segment, std::span<TaskRecord> first, std::span<TaskRecord> second) noexcept;
    void sites(const Segment& segment, std::uint64_t count, std::span<TaskRecord> buffer) noexcept;

    TableTotals totals() const noexcept;

private:
    bool take(std::uint64_t number, const TaskRecord& first, const TaskRecord& second, bool alike) noexcept;
    bool look_again(std::uint64_t number, const TaskRecord& last) noexcept;
    bool settle(std::uint64_t number, TaskRecord& record, int looks_taken) noexcept;
    bool look_at(std::uint64_t number, TaskRecord& record) noexcept;
    bool accept(std::uint64_t number, const TaskRecord& record) noexcept;
    bool accept_carrier(std::uint64_t number, TaskRecord thread) noexcept;
    bool accept_carried(std::uint64_t number, const TaskRecord& job) noexcept;
    bool tell(std::uint64_t number, const TaskRecord& record) noexcept;
    void add_counts(const TaskRecord& record) noexcept;
    bool add(std::uint64_t births, std::uint64_t deaths) noexcept;
    bool is_site(std::uint32_t site) noexcept;
    bool are_sites(const Task& task) noexcept;

    const TableSource& source_;
    HeaderReader& header_;
    Visitor visitor_;
    void* to_;
    TableTotals totals_;
    int directory_reads_left_ = 8;
};

} // namespace tasks::protocol

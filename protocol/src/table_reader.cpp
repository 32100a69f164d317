#include <tasks/protocol/table_reader.hpp>

#include <utility>

#include "table_state.hpp"

namespace tasks::protocol {

namespace {

// Where the site with this id lies; 0: nowhere.
std::uint64_t site_offset(const Directory& directory, std::uint32_t id) noexcept {
    std::uint64_t before = id - 1;
    for (std::uint32_t i = 0; i < directory.count; ++i) {
        const auto& segment = directory.segments[i];
        if (segment.kind != static_cast<std::uint32_t>(SegmentKind::sites))
            continue;
        const auto places = segment.bytes / sizeof(SiteRecord);
        if (before < places)
            return segment.offset + before * sizeof(SiteRecord);
        before -= places;
    }
    return 0;
}

bool in_text(const Directory& directory, std::uint64_t offset, std::uint64_t bytes) noexcept {
    for (std::uint32_t i = 0; i < directory.count; ++i) {
        const auto& segment = directory.segments[i];
        if (segment.kind == static_cast<std::uint32_t>(SegmentKind::text) && offset >= segment.offset &&
            offset - segment.offset <= segment.bytes && bytes <= segment.bytes - (offset - segment.offset))
            return true;
    }
    return false;
}

bool read_exactly(const TableSource& source, std::uint64_t offset, std::span<char> into) noexcept {
    return read_whole(source, offset, into) == static_cast<std::int64_t>(into.size());
}

} // namespace

Result<TableReader, TableError> TableReader::open(const TableSource& source) {
    TableReader reader;
    reader.state_ = std::make_shared<State>(source);
    if (const auto check = reader.state_->header.read(source); check.fault != HeaderFault::none)
        return Failure{explain(check)};
    reader.facts_.boot_id.reserve(sizeof TableHeader::boot_id);
    reader.facts_.name.reserve(sizeof TableHeader::name);
    reader.facts_.history.reserve(history_entries);
    reader.take_header();
    return reader;
}

bool TableReader::refresh() noexcept {
    if (state_->header.read(state_->source).fault != HeaderFault::none)
        return false;
    take_header();
    return true;
}

void TableReader::take_header() noexcept {
    const auto& directory = state_->header.directory();
    take_facts(state_->header.header(), directory, facts_);
    site_count_ = directory.sites;
    record_count_ = directory.records;
}

std::optional<Site> TableReader::site(std::uint32_t id) noexcept {
    const auto& directory = state_->header.directory();
    if (id == 0 || id > site_count_)
        return std::nullopt;
    const auto offset = site_offset(directory, id);
    // `ready` is stored last: a look that begins after it was seen finds the rest whole.
    SiteRecord seen;
    SiteRecord record;
    if (offset == 0 || !read_exactly(state_->source, offset, bytes_of(seen)) || seen.ready != 1 ||
        !read_exactly(state_->source, offset, bytes_of(record)))
        return std::nullopt;
    const std::uint64_t name = record.name_bytes;
    const std::uint64_t function = record.function_bytes;
    const std::uint64_t file = record.file_bytes;
    const auto bytes = name + function + file;
    const std::string_view texts{state_->texts.get(), bytes};
    if (bytes != 0 && (!in_text(directory, record.text_offset, bytes) ||
                       !read_exactly(state_->source, record.text_offset, {state_->texts.get(), bytes})))
        return std::nullopt;
    return Site{id, texts.substr(0, name), texts.substr(name, function), texts.substr(name + function), record.line};
}

} // namespace tasks::protocol

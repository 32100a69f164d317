#include <tasks/protocol/table_reader.hpp>

#include <new>
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

/// One object's place for std::allocate_shared; given back by whoever owns the memory.
template <class T> struct PlaceFor {
    using value_type = T;

    explicit PlaceFor(std::span<char> memory) noexcept : place(memory) {}
    template <class Other> PlaceFor(const PlaceFor<Other>& other) noexcept : place(other.place) {}
    T* allocate(std::size_t count) {
        if (count * sizeof(T) > place.size())
            throw std::bad_alloc{};
        return reinterpret_cast<T*>(place.data());
    }
    void deallocate(T*, std::size_t) noexcept {}
    friend bool operator==(const PlaceFor& a, const PlaceFor& b) noexcept { return a.place.data() == b.place.data(); }

    std::span<char> place;
};

constexpr std::size_t whole_lines(std::size_t bytes) noexcept { return (bytes + 63) & ~std::size_t{63}; }

constexpr std::size_t control_block_bytes = 128; // of the library; 16 and padding are enough

} // namespace

std::optional<TableReader> TableReader::open_in(const TableSource& source, std::span<char> memory) noexcept {
    static_assert(memory_bytes >= State::buffer_bytes + sizeof(State) + control_block_bytes);
    if (memory.size() < memory_bytes)
        return std::nullopt;
    const PlaceFor<State> place{memory.subspan(whole_lines(State::buffer_bytes))};
    TableReader reader;
    reader.texts_ = false;
    reader.state_ = std::allocate_shared<State>(place, source, memory.data());
    if (reader.state_->header.read(source).fault != HeaderFault::none)
        return std::nullopt;
    reader.take_header();
    return reader;
}

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
    take_numbers(state_->header.header(), directory, facts_);
    if (texts_)
        take_texts(state_->header.header(), facts_);
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
    const std::string_view texts{state_->texts(), bytes};
    if (bytes != 0 && (!in_text(directory, record.text_offset, bytes) ||
                       !read_exactly(state_->source, record.text_offset, {state_->texts(), bytes})))
        return std::nullopt;
    return Site{id, texts.substr(0, name), texts.substr(name, function), texts.substr(name + function), record.line};
}

} // namespace tasks::protocol

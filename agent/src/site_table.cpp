#include "site_table.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "record_writer.hpp"
#include "region.hpp"

namespace tasks::agent {
namespace {

constexpr std::size_t first_site_bytes = 32 * 1024; // 512 sites
constexpr std::size_t first_text_bytes = 48 * 1024;
constexpr std::size_t later_site_bytes = 64 * 1024;
constexpr std::size_t later_text_bytes = 128 * 1024;
constexpr std::size_t least_bytes = 4096;

// What is kept of a text. A function's name is cut at its end, a path at its beginning.
constexpr std::size_t max_name = 128;
constexpr std::size_t max_function = 256;
constexpr std::size_t max_file = 256;

std::string_view head_of(const char* text, std::size_t most) {
    return text == nullptr ? std::string_view{} : std::string_view{text, ::strnlen(text, most)};
}

std::string_view tail_of(const char* text, std::size_t most) {
    const std::string_view whole = text == nullptr ? std::string_view{} : std::string_view{text};
    return whole.substr(whole.size() - std::min(whole.size(), most));
}

} // namespace

bool SiteTable::create(TableFile& file, std::atomic<bool>& low) noexcept {
    file_ = &file;
    low_ = &low;
    void* memory =
        ::mmap(nullptr, sizeof(Memory), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    memory_ = static_cast<Memory*>(memory); // zero pages are valid entries: empty
    const bool small = file.cap_bytes() < 512 * 1024;
    return append(small ? least_bytes : first_site_bytes, small ? 2 * least_bytes : first_text_bytes);
}

bool SiteTable::append(std::size_t site_bytes, std::size_t text_bytes) noexcept {
    const std::uint32_t count = range_count_.load(std::memory_order_relaxed);
    if (count == max_ranges)
        return false;
    const auto text = file_->append(protocol::SegmentKind::text, text_bytes, least_bytes);
    if (text.bytes == 0)
        return false;
    const auto site = file_->append(protocol::SegmentKind::sites, site_bytes, least_bytes);
    const std::uint32_t before = room_for_sites_.load(std::memory_order_relaxed);
    const auto more = static_cast<std::uint32_t>(site.bytes / sizeof(protocol::SiteRecord));
    sites_[count] = {.offset = site.offset, .first = before + 1, .count = more};
    texts_[count].next.store(text.offset, std::memory_order_relaxed);
    texts_[count].end = text.offset + text.bytes;
    range_count_.store(count + 1, std::memory_order_release);
    room_for_sites_.store(before + more, std::memory_order_release);
    short_of_room_.store(false, std::memory_order_relaxed);
    return true;
}

protocol::SiteRecord* SiteTable::record(std::uint32_t site) noexcept {
    const std::uint32_t count = range_count_.load(std::memory_order_acquire);
    for (std::uint32_t i = 0; i < count; ++i)
        if (site >= sites_[i].first && site - sites_[i].first < sites_[i].count)
            return file_->at<protocol::SiteRecord>(sites_[i].offset +
                                                   (site - sites_[i].first) * sizeof(protocol::SiteRecord));
    return nullptr;
}

std::uint32_t SiteTable::take_site() noexcept {
    std::uint32_t used = used_sites_.load(std::memory_order_relaxed);
    do {
        if (used >= room_for_sites_.load(std::memory_order_acquire))
            return 0;
    } while (!used_sites_.compare_exchange_weak(used, used + 1, std::memory_order_relaxed));
    return used + 1;
}

std::uint64_t SiteTable::take_text(std::uint64_t bytes) noexcept {
    const std::uint32_t count = range_count_.load(std::memory_order_acquire);
    for (std::uint32_t i = 0; i < count; ++i) {
        TextRange& range = texts_[i];
        std::uint64_t next = range.next.load(std::memory_order_relaxed);
        while (next + bytes <= range.end)
            if (range.next.compare_exchange_weak(next, next + bytes, std::memory_order_relaxed))
                return next;
    }
    return 0;
}

bool SiteTable::write_site(std::uint32_t site, const char* name, const SourcePlace& place) noexcept {
    const std::string_view texts[] = {head_of(name, max_name), head_of(place.function, max_function),
                                      tail_of(place.file, max_file)};
    const std::uint64_t bytes = texts[0].size() + texts[1].size() + texts[2].size();
    const std::uint64_t offset = take_text(bytes);
    if (offset == 0)
        return false;
    char* to = file_->at<char>(offset);
    for (const std::string_view text : texts) {
        to = std::copy(text.begin(), text.end(), to);
    }
    protocol::SiteRecord& record = *this->record(site);
    record.line = place.line;
    record.text_offset = offset;
    record.name_bytes = static_cast<std::uint16_t>(texts[0].size());
    record.function_bytes = static_cast<std::uint16_t>(texts[1].size());
    record.file_bytes = static_cast<std::uint16_t>(texts[2].size());
    put(record.ready, 1u);
    return true;
}

std::uint32_t SiteTable::look_further(const char* name, const SourcePlace& place) noexcept {
    const std::uint32_t first = slot_of(name, place);
    for (std::uint32_t probe = 0; probe < max_probes; ++probe) {
        const Entry& entry = memory_->entries[(first + probe) % entry_count];
        if (const std::uint32_t site = entry.site_of(name, place); site != 0)
            return site;
        if (entry.numbers.load(std::memory_order_relaxed) == empty)
            break;
    }
    return add(name, place);
}

std::uint32_t SiteTable::add(const char* name, const SourcePlace& place) noexcept {
    const std::uint32_t first = slot_of(name, place);
    for (std::uint32_t probe = 0; probe < max_probes; ++probe) {
        Entry& entry = memory_->entries[(first + probe) % entry_count];
        std::uint64_t expected = empty;
        if (!entry.numbers.compare_exchange_strong(expected, busy, std::memory_order_acquire))
            continue;
        const std::uint32_t site = take_site();
        if (site == 0 || !write_site(site, name, place)) {
            entry.numbers.store(empty, std::memory_order_release); // tried again when there is room
            break;
        }
        if (site < entry_count)
            memory_->places[site] = place;
        entry.name.store(name, std::memory_order_relaxed);
        entry.file.store(place.file, std::memory_order_relaxed);
        entry.numbers.store(std::uint64_t{place.line} << 32 | site, std::memory_order_release);
        if (wants_room())
            low_->store(true, std::memory_order_relaxed);
        return site;
    }
    short_of_room_.store(true, std::memory_order_relaxed);
    std::atomic_ref(file_->header().dropped_sites).fetch_add(1, std::memory_order_relaxed);
    return 0;
}

std::uint32_t SiteTable::rename(std::uint32_t from, const char* name) noexcept {
    if (from == 0 || from >= entry_count)
        return from;
    const std::uint32_t site = intern(name, memory_->places[from]);
    Renamed& entry = renamed_of(from, name);
    std::uint64_t expected = empty;
    if (site == 0 || !entry.numbers.compare_exchange_strong(expected, busy, std::memory_order_acquire))
        return site; // another one has its entry: interned each time
    entry.name.store(name, std::memory_order_relaxed);
    entry.numbers.store(std::uint64_t{from} << 32 | site, std::memory_order_release);
    return site;
}

void SiteTable::retire() noexcept {
    if (memory_ != nullptr) // create() succeeded
        release_pages({reinterpret_cast<char*>(memory_), sizeof(Memory)});
}

bool SiteTable::wants_room() const noexcept {
    const std::uint32_t room = room_for_sites_.load(std::memory_order_relaxed);
    return short_of_room_.load(std::memory_order_relaxed) ||
           used_sites_.load(std::memory_order_relaxed) >= room - room / 4;
}

bool SiteTable::grow_ahead() noexcept { return wants_room() && append(later_site_bytes, later_text_bytes); }

} // namespace tasks::agent

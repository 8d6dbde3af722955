/* Linux's page-table code at the work of the bench's cases, in a process of its own.
 *
 *   selftest                the kernel's own tests
 *   answer CASE             what one step comes to
 *   time CASE SECONDS       seconds per step, one line for each few milliseconds
 *   replay FORMAT           calls from the standard input, then a digest of the tables
 *
 * Lists of numbers come as 64-bit words from the standard input. */
#include <linux/io-pgtable.h>
#include <sys/mman.h>
#include <time.h>

#define GIGA (1UL << 30)
#define PAGE 4096UL
#define BLOCK (1UL << 21)
#define PROT (IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE | IOMMU_NOEXEC)
#define ARENA (256UL << 20)
#define CYCLE 0.004
#define PAIRS 511

int peer_selftest(void);
unsigned long peer_warnings;

/* Pages: as cheap as can be, but zeroed, as the kernel gives them. */
static void *freed[8];
static char *fresh = (char *)PEER_BASE;

void *iommu_alloc_pages_node(int node, gfp_t gfp, int order)
{
	unsigned long bytes = PAGE << order;
	void *page = freed[order];

	if (page != NULL) {
		freed[order] = *(void **)page;
	} else {
		page = (void *)(((u64)fresh + bytes - 1) & -bytes);
		if ((char *)page + bytes > (char *)PEER_BASE + ARENA)
			return NULL;
		fresh = (char *)page + bytes;
	}
	return memset(page, 0, bytes);
}

void iommu_free_pages(void *page, int order)
{
	*(void **)page = freed[order];
	freed[order] = page;
}

static unsigned long flushes;
static void flush_all(void *cookie) { flushes++; }
static void flush_walk(unsigned long iova, size_t size, size_t granule, void *cookie) { flushes++; }
static void flush_page(struct iommu_iotlb_gather *gather, unsigned long iova, size_t granule, void *cookie) { flushes++; }
static const struct iommu_flush_ops flush_ops = {
	.tlb_flush_all = flush_all, .tlb_flush_walk = flush_walk, .tlb_add_page = flush_page,
};

static struct io_pgtable_ops *ops;
static struct iommu_iotlb_gather gather;
static u64 root;

static void make(enum io_pgtable_fmt format)
{
	struct io_pgtable_cfg cfg = {
		.pgsize_bitmap = PAGE | BLOCK | GIGA, .ias = 48, .oas = format == ARM_MALI_LPAE ? 40 : 48,
		.coherent_walk = true, .tlb = &flush_ops,
	};

	ops = alloc_io_pgtable_ops(format, &cfg, NULL);
	if (ops == NULL)
		exit(3);
	root = (format == ARM_MALI_LPAE ? cfg.arm_mali_lpae_cfg.transtab : cfg.arm_lpae_s1_cfg.ttbr) & PAGE_MASK;
}

/* As the IOMMU core calls it: what one call leaves is for the next. */
static u64 map_all(u64 iova, u64 paddr, u64 size, u64 page)
{
	u64 done = 0;

	while (done < size) {
		size_t mapped = 0;

		if (ops->map_pages(ops, iova + done, paddr + done, page, (size - done) / page, PROT, 0, &mapped))
			break;
		done += mapped;
	}
	return done;
}

static u64 unmap_all(u64 iova, u64 size, u64 page)
{
	u64 done = 0;

	while (done < size) {
		size_t bytes = ops->unmap_pages(ops, iova + done, page, (size - done) / page, &gather);

		if (bytes == 0)
			break;
		done += bytes;
	}
	return done;
}

static u64 words[1 << 20];
static size_t count;
static u64 result;

static void map_pages_step(void) { result = map_all(4 * GIGA, 8 * GIGA, GIGA, PAGE); }
static void unmap_pages_step(void) { result = unmap_all(4 * GIGA, GIGA, PAGE); }
static void drop_pages(void) { unmap_all(4 * GIGA, GIGA, GIGA); }
static void map_blocks_step(void) { result = map_all(0, 512 * GIGA, 64 * GIGA, BLOCK); }
static void unmap_blocks_step(void) { result = unmap_all(0, 64 * GIGA, BLOCK); }
static void drop_blocks(void) { unmap_all(0, 64 * GIGA, GIGA); }
static void map_list_step(void)
{
	result = 0;
	for (size_t i = 0; i < count; i++)
		result += map_all(4 * GIGA + i * PAGE, words[i], PAGE, PAGE);
}
static void unmap_list_step(void)
{
	result = 0;
	for (size_t i = 0; i < count; i++)
		result += unmap_all(4 * GIGA + i * PAGE, PAGE, PAGE);
}
static void drop_list(void) { unmap_all(4 * GIGA, count * PAGE, GIGA); }
static void pair_step(void)
{
	result = 0;
	for (u64 slot = 1; slot <= PAIRS; slot++) {
		map_all(4 * GIGA + slot * PAGE, 8 * GIGA + slot * PAGE, PAGE, PAGE);
		result += unmap_all(4 * GIGA + slot * PAGE, PAGE, PAGE);
	}
}
/* As many calls of one size as make 512 pages or more, in 4K pages whatever the size. */
static u64 sized;
static void take_size(void) { sized = words[0]; }
static void map_sized_step(void)
{
	result = 0;
	for (u64 done = 0; done < (sized < BLOCK ? BLOCK : sized); done += sized)
		result += map_all(64 * GIGA + done, 256 * GIGA + done, sized, PAGE);
}
static void drop_sized(void)
{
	u64 all = sized < BLOCK ? BLOCK : sized;

	unmap_all(64 * GIGA, all, all < GIGA ? BLOCK : GIGA);
}
static void repeat_step(void)
{
	result = 0;
	for (u64 done = 0; done < 16 * GIGA; done += PAGE)
		result += map_all(64 * GIGA + done, 256 * GIGA, PAGE, PAGE);
}
static void drop_repeat(void) { unmap_all(64 * GIGA, 16 * GIGA, GIGA); }
static void map_neighbour(void) { map_all(4 * GIGA, 8 * GIGA, PAGE, PAGE); }
/* Where the addresses to look up begin. */
static size_t asked;
static void look_up_step(void)
{
	result = 0;
	for (size_t i = asked; i < count; i++)
		result += ops->iova_to_phys(ops, words[i]);
}
/* A number, so many pages, and then the addresses. */
static void map_touched(void)
{
	asked = 1 + words[0];
	for (size_t i = 1; i < asked; i++)
		map_all(words[i], 8 * GIGA + i * 2 * PAGE, PAGE, PAGE);
}

/* Calls of five words: 1 map or 0 unmap, iova, paddr, page size, number of pages and protection. */
static void replay_step(void)
{
	result = 0;
	for (size_t i = 0; i + 5 <= count; i += 5) {
		u64 *call = words + i;
		size_t mapped = 0;

		if (call[0] != 0)
			ops->map_pages(ops, call[1], call[2], call[3], call[4] & 0xffff, call[4] >> 16, 0, &mapped);
		else
			mapped = ops->unmap_pages(ops, call[1], call[3], call[4] & 0xffff, &gather);
		result = result * 31 + mapped;
	}
}
static void make_anew(void)
{
	free_io_pgtable_ops(ops);
	make(ARM_64_LPAE_S1);
}

static const struct work {
	const char *name;
	void (*prepare)(void);
	void (*step)(void);
	void (*restore)(void);
	bool queued;
} works[] = {
	{ "map-pooled", NULL, map_pages_step, drop_pages },
	{ "map-standing", NULL, map_pages_step, unmap_pages_step },
	{ "unmap-pages", map_pages_step, unmap_pages_step, map_pages_step },
	{ "unmap-pages-queued", map_pages_step, unmap_pages_step, map_pages_step, true },
	{ "map-blocks", NULL, map_blocks_step, drop_blocks },
	{ "unmap-blocks", map_blocks_step, unmap_blocks_step, map_blocks_step },
	{ "map-list", NULL, map_list_step, drop_list },
	{ "unmap-list", map_list_step, unmap_list_step, map_list_step },
	{ "map-sized", take_size, map_sized_step, drop_sized },
	{ "repeat", NULL, repeat_step, drop_repeat },
	{ "pair", map_neighbour, pair_step, NULL },
	{ "look-up", map_pages_step, look_up_step, NULL },
	{ "look-up-trace", map_touched, look_up_step, NULL },
	{ "replay", NULL, replay_step, make_anew },
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One cycle, as the harness times its own: the median of steps, without what undoes them. */
static double cycle(const struct work *w)
{
	static double steps[1 << 16];
	double spent = 0;
	size_t n = 0;

	w->step();
	if (w->restore)
		w->restore();
	while (spent < CYCLE && n < sizeof steps / sizeof steps[0]) {
		double start = now();

		w->step();
		steps[n] = now() - start;
		spent += steps[n++];
		if (w->restore)
			w->restore();
	}
	qsort(steps, n, sizeof steps[0], compare_doubles);
	return (steps[(n - 1) / 2] + steps[n / 2]) / 2;
}

/* The digest of bench/harness/tableReader.ts, depth first. Tables that map nothing do not count: the code never frees them by itself. */
static u32 first = 0x811c9dc5, second = 0x9747b28c, entries;

static void mix(u32 value)
{
	first = (first ^ value) * 0x01000193;
	second = (second << 13 | second >> 19) * 5 ^ value;
}

static bool is_table(u64 item, int level) { return level < 3 && (item & 3) == 3; }
static u64 *below(u64 item) { return __va(item & 0xfffffffff000UL); }

static bool is_empty(u64 *table, int level)
{
	for (int i = 0; i < 512; i++)
		if (table[i] != 0 && !(is_table(table[i], level) && is_empty(below(table[i]), level + 1)))
			return false;
	return true;
}

static void digest(u64 *table, int level)
{
	for (int i = 0; i < 512; i++) {
		bool deeper = is_table(table[i], level);

		if (table[i] == 0 || (deeper && is_empty(below(table[i]), level + 1)))
			continue;
		mix(level << 16 | i);
		mix((u32)table[i] & (deeper ? 0xfff : ~0u));
		mix((u32)(table[i] >> 32) & (deeper ? 0xffff0000 : ~0u));
		entries++;
	}
	for (int i = 0; i < 512; i++)
		if (is_table(table[i], level) && !is_empty(below(table[i]), level + 1))
			digest(below(table[i]), level + 1);
}

static void print_answer(void)
{
	digest(__va(root), 0);
	printf("%lu %u entries, digest %08x%08x\n", result, entries, first, second);
}

static int replay(const char *format)
{
	make(strcmp(format, "mali") == 0 ? ARM_MALI_LPAE : ARM_64_LPAE_S1);
	replay_step();
	print_answer();
	return 0;
}

int main(int argc, char **argv)
{
	void *arena = mmap((void *)PEER_BASE, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (arena != (void *)PEER_BASE || argc < 2)
		return 2;
	if (strcmp(argv[1], "selftest") == 0) {
		int failed = peer_selftest();

		printf("%lu warnings\n", peer_warnings);
		return failed || peer_warnings != 0;
	}
	if (argc < 3)
		return 2;
	count = fread(words, sizeof words[0], sizeof words / sizeof words[0], stdin);
	if (strcmp(argv[1], "replay") == 0)
		return replay(argv[2]);
	for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
		const struct work *w = &works[i];

		if (strcmp(w->name, argv[2]) != 0)
			continue;
		make(ARM_64_LPAE_S1);
		gather.queued = w->queued;
		if (w->prepare)
			w->prepare();
		if (strcmp(argv[1], "answer") == 0) {
			w->step();
			print_answer();
			return 0;
		}
		for (double end = now() + atof(argv[3]); ; ) {
			printf("%.12f\n", cycle(w));
			if (now() >= end)
				return 0;
		}
	}
	return 2;
}

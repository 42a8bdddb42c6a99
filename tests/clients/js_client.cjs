// Stores, fetches or removes a tree with @aws-sdk/client-s3: js_client.cjs VERB FOLDER. See sdks.py.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { pipeline } = require("node:stream/promises");
const sdk = require("@aws-sdk/client-s3");

const streams = 8;
const tries = 30;
const partBytes = 5 * 1024 * 1024;
const Bucket = process.env.BUCKET;

const s3 = new sdk.S3Client({
  endpoint: process.env.ENDPOINT,
  region: process.env.AWS_REGION,
  forcePathStyle: true,
  maxAttempts: 5,
});

const rest = (ms) => new Promise((done) => setTimeout(done, ms));

// Again while the server is away. What it says itself is final.
async function patiently(work) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (failure) {
      const status = failure.$metadata?.httpStatusCode ?? 0;
      if ((status >= 400 && status < 500) || attempt === tries) throw failure;
      await rest(300);
    }
  }
}

async function inStreams(items, work) {
  const queue = [...items];
  const one = async () => {
    for (let item; (item = queue.shift()) !== undefined; ) await work(item);
  };
  await Promise.all(Array.from({ length: streams }, one));
}

function* files(folder, below = "") {
  for (const entry of fs.readdirSync(path.join(folder, below), { withFileTypes: true })) {
    const name = path.posix.join(below, entry.name);
    if (entry.isDirectory()) yield* files(folder, name);
    else if (entry.isFile()) yield name;
  }
}

async function storeInParts(file, Key, size) {
  const { UploadId } = await s3.send(new sdk.CreateMultipartUploadCommand({ Bucket, Key }));
  const Parts = [];
  const handle = await fs.promises.open(file);
  try {
    for (let offset = 0, PartNumber = 1; offset < size; offset += partBytes, PartNumber++) {
      const Body = Buffer.alloc(Math.min(partBytes, size - offset));
      await handle.read(Body, 0, Body.length, offset);
      const part = { Bucket, Key, UploadId, PartNumber, Body };
      const { ETag } = await patiently(() => s3.send(new sdk.UploadPartCommand(part)));
      Parts.push({ ETag, PartNumber });
    }
  } finally {
    await handle.close();
  }
  const done = { Bucket, Key, UploadId, MultipartUpload: { Parts } };
  try {
    await patiently(() => s3.send(new sdk.CompleteMultipartUploadCommand(done)));
  } catch (failure) {
    // An answer that a kill swallowed: the upload is complete, and asked for again it is unknown.
    if (failure.name !== "NoSuchUpload") throw failure;
    const { ContentLength } = await s3.send(new sdk.HeadObjectCommand({ Bucket, Key }));
    if (ContentLength !== size) throw failure;
  }
}

async function store(folder) {
  await inStreams(files(folder), async (Key) => {
    const file = path.join(folder, Key);
    const size = fs.statSync(file).size;
    if (size > partBytes) {
      await patiently(() => storeInParts(file, Key, size));
    } else {
      await patiently(() => {
        // A stream is sent in chunks with the checksum behind it, a buffer is not.
        const Body = size % 2 ? fs.readFileSync(file) : fs.createReadStream(file);
        return s3.send(new sdk.PutObjectCommand({ Bucket, Key, Body, ContentLength: size }));
      });
    }
    console.log(`done ${Key}`);
  });
}

async function* keys() {
  for (let ContinuationToken; ; ) {
    const query = { Bucket, ContinuationToken };
    const page = await patiently(() => s3.send(new sdk.ListObjectsV2Command(query)));
    for (const { Key } of page.Contents ?? []) yield Key;
    if (!page.IsTruncated) return;
    ContinuationToken = page.NextContinuationToken;
  }
}

async function all(generator) {
  const items = [];
  for await (const item of generator) items.push(item);
  return items;
}

async function fetch(folder) {
  await inStreams(await all(keys()), async (Key) => {
    const file = path.join(folder, Key);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    await patiently(async () => {
      const { Body } = await s3.send(new sdk.GetObjectCommand({ Bucket, Key }));
      await pipeline(Body, fs.createWriteStream(file));
    });
  });
}

async function remove() {
  const names = await all(keys());
  for (let begin = 0; begin < names.length; begin += 1000) {
    const Objects = names.slice(begin, begin + 1000).map((Key) => ({ Key }));
    const answer = await s3.send(new sdk.DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    if (answer.Errors?.length) throw new Error(JSON.stringify(answer.Errors[0]));
  }
}

async function version() {
  console.log(require("@aws-sdk/client-s3/package.json").version);
}

const [verb, folder] = process.argv.slice(2);
({ store, fetch, remove, version })[verb](folder).catch((failure) => {
  console.error(failure);
  process.exitCode = 1;
});

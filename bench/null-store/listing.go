package main

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Bucket parts that nobody configured here, and the code by which S3 says so. An empty code is an empty answer.
var unconfigured = map[string]string{
	"policy": "NoSuchBucketPolicy", "cors": "NoSuchCORSConfiguration", "lifecycle": "NoSuchLifecycleConfiguration", "tagging": "NoSuchTagSet",
	"encryption": "ServerSideEncryptionConfigurationNotFoundError", "object-lock": "ObjectLockConfigurationNotFoundError",
	"replication": "ReplicationConfigurationNotFoundError", "website": "NoSuchWebsiteConfiguration",
}
var emptyAnswers = map[string]string{
	"versioning": "<VersioningConfiguration/>", "notification": "<NotificationConfiguration/>", "uploads": "<ListMultipartUploadsResult/>",
	"requestPayment": "<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
	"location":       "<LocationConstraint>us-east-1</LocationConstraint>",
}

func (s *server) listBuckets() answer {
	var text strings.Builder
	text.WriteString("<ListAllMyBucketsResult><Owner><ID>null</ID></Owner><Buckets>")
	for _, name := range s.store.names() {
		text.WriteString("<Bucket><Name>" + name + "</Name><CreationDate>2025-01-01T00:00:00.000Z</CreationDate></Bucket>")
	}
	text.WriteString("</Buckets></ListAllMyBucketsResult>")
	return xml(200, text.String())
}

func (s *server) answerBucket(asked *request, body []byte) answer {
	switch asked.method {
	case "POST":
		if !asked.has("delete") {
			return failure(501, "NotImplemented")
		}
		held := s.store.bucket(asked.bucket)
		for _, key := range keyElement.FindAllSubmatch(body, -1) {
			held.remove(string(key[1]))
		}
		return xml(200, "<DeleteResult/>")
	case "HEAD", "PUT":
		s.store.bucket(asked.bucket)
		return answer{status: 200}
	case "DELETE":
		s.store.drop(asked.bucket)
		return answer{status: 204}
	case "GET":
		for part, code := range unconfigured {
			if asked.has(part) {
				return failure(404, code)
			}
		}
		for part, text := range emptyAnswers {
			if asked.has(part) {
				return xml(200, text)
			}
		}
		return listObjects(s.store.bucket(asked.bucket), asked)
	}
	return failure(501, "NotImplemented")
}

// listObjects serves both versions of the list call. Keys here have no slash and no sign that XML or `encoding-type=url` would alter,
// so delimiter and encoding change nothing; a prefix is honoured only where it selects everything or nothing.
func listObjects(held *bucket, asked *request) answer {
	query := asked.query
	if query == nil {
		query = url.Values{}
	}
	limit := 1000
	if number, err := strconv.Atoi(query.Get("max-keys")); err == nil && number < limit {
		limit = number
	}
	second := query.Get("list-type") == "2"
	after := query.Get("marker")
	if second {
		if after = query.Get("continuation-token"); after == "" {
			after = query.Get("start-after")
		}
	}
	keys, more := held.page(after, limit)
	if prefix := query.Get("prefix"); prefix != "" && (len(keys) == 0 || !strings.HasPrefix(keys[0], prefix)) {
		keys, more = nil, false
	}
	return xml(200, listXML(held, asked.bucket, keys, more, second))
}

func listXML(held *bucket, name string, keys []string, more, second bool) string {
	var text strings.Builder
	text.Grow(256 + 256*len(keys))
	text.WriteString("<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>" + name + "</Name><Prefix></Prefix><MaxKeys>1000</MaxKeys>")
	text.WriteString("<KeyCount>" + strconv.Itoa(len(keys)) + "</KeyCount><IsTruncated>" + strconv.FormatBool(more) + "</IsTruncated>")
	if more {
		last := keys[len(keys)-1]
		if second {
			text.WriteString("<NextContinuationToken>" + last + "</NextContinuationToken>")
		} else {
			text.WriteString("<NextMarker>" + last + "</NextMarker>")
		}
	}
	for _, key := range keys {
		found := held.get(key)
		if found == nil {
			continue // removed since the page was cut
		}
		text.WriteString("<Contents><Key>" + key + "</Key><LastModified>2025-01-01T00:00:00.000Z</LastModified><ETag>" +
			strings.ReplaceAll(found.etag(key), `"`, "&quot;") + "</ETag><Size>" + strconv.FormatInt(found.size, 10) +
			"</Size><StorageClass>STANDARD</StorageClass></Contents>")
	}
	text.WriteString("</ListBucketResult>")
	return text.String()
}

func listParts(held *bucket, asked *request) answer {
	numbers, sizes := held.listParts(asked.query.Get("uploadId"))
	if sizes == nil {
		return failure(404, "NoSuchUpload")
	}
	after, _ := strconv.Atoi(asked.query.Get("part-number-marker"))
	var text strings.Builder
	more, last, given := false, 0, 0
	for _, number := range numbers {
		if number <= after {
			continue
		}
		if given == 1000 {
			more = true
			break
		}
		given, last = given+1, number
		text.WriteString("<Part><PartNumber>" + strconv.Itoa(number) + "</PartNumber><ETag>&quot;x-" + strconv.Itoa(number) +
			"&quot;</ETag><Size>" + strconv.FormatInt(sizes[number], 10) + "</Size><LastModified>2025-01-01T00:00:00.000Z</LastModified></Part>")
	}
	return xml(200, "<ListPartsResult><IsTruncated>"+strconv.FormatBool(more)+"</IsTruncated><NextPartNumberMarker>"+strconv.Itoa(last)+
		"</NextPartNumberMarker>"+text.String()+"</ListPartsResult>")
}

var keyElement = regexp.MustCompile(`<Key>([^<]*)</Key>`)

var tagPair = regexp.MustCompile(`<Key>([^<]*)</Key>\s*<Value>([^<]*)</Value>`)

// Tags are kept as the query string of `x-amz-tagging`.
func tagsOf(body string) string {
	values := url.Values{}
	for _, pair := range tagPair.FindAllStringSubmatch(body, -1) {
		values.Set(pair[1], pair[2])
	}
	return values.Encode()
}

func taggingXML(tags string) string {
	values, _ := url.ParseQuery(tags)
	var text strings.Builder
	for key := range values {
		text.WriteString("<Tag><Key>" + key + "</Key><Value>" + values.Get(key) + "</Value></Tag>")
	}
	return "<Tagging><TagSet>" + text.String() + "</TagSet></Tagging>"
}
